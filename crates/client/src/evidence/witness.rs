use std::sync::{Mutex, PoisonError};

use keyfold_authenticator::{Attested, BackupEligibility, CredentialId, Presented, PublicKey, RpId, Witness};
use keyfold_evidence::{
    BlindTag, Class, Scope, SignedStatement, Statement, UnixMillis,
    device::{self, Signed},
    statement::message_of_evidence,
};
use keyfold_wire::{
    TenantId,
    v1::{EvidenceKeyRecord, TenantRecord, TenantRecords},
};
use sha2::{Digest, Sha256};

use super::{keys::EvidenceKeys, records};

/// What vouches for this device during one ceremony: leaves of its account's tenants.
pub(crate) struct VaultWitness {
    tenants: TenantRecords,
    now: UnixMillis,
    given: Mutex<Given>,
}

/// What a ceremony has given away, which must be durable before its response leaves the device.
#[derive(Default)]
struct Given {
    assigned: Vec<Assigned>,
    stating: Option<(String, Statement)>,
    stated: Vec<Stating>,
}

/// An evidence key that is for one relying party from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assigned {
    tenant: Vec<u8>,
    /// Which key.
    leaf: Vec<u8>,
    rp_id: String,
}

/// A signed statement, for one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stating {
    tenant: TenantId,
    name: String,
    statement: Vec<u8>,
}

impl VaultWitness {
    pub(crate) fn new(tenants: TenantRecords, now: UnixMillis) -> Self {
        Self { tenants, now, given: Mutex::default() }
    }

    /// Takes a passkey's own signature over what [`Witness::statement`] gave for it.
    pub(crate) fn stated(&self, statement: &[u8], signature: &[u8]) {
        let stating = self.given().stating.take();
        let Some((rp_id, stating)) = stating.filter(|(_, stating)| stating.encode() == statement) else { return };
        let signed = self.tenants.tenants.iter().filter_map(|tenant| {
            let key = if lists(tenant, &rp_id) { self.key_of(tenant, &rp_id, stating.class) } else { None };
            let evidence = key.and_then(|key| {
                let leaf_hash = Sha256::digest(&key.leaf).into();
                Some((key.leaf.clone(), key.sign(&message_of_evidence(&leaf_hash, statement))?))
            });
            let signed = SignedStatement::new(&stating, Some(signature.to_vec()), evidence);
            Some(Stating { tenant: records::id_of(tenant)?, name: tenant.name.clone(), statement: signed.encode() })
        });
        let signed: Vec<Stating> = signed.collect();
        self.given().stated.extend(signed);
    }

    /// What must be durable before a response leaves the device.
    pub(crate) fn take(&self) -> (Vec<Assigned>, Vec<Stating>) {
        let mut given = self.given();
        (std::mem::take(&mut given.assigned), std::mem::take(&mut given.stated))
    }

    /// Whether anything must be.
    pub(crate) fn has_given(&self) -> bool {
        let given = self.given();
        !given.assigned.is_empty() || !given.stated.is_empty()
    }

    /// The key of the first tenant that lists a relying party.
    fn key(&self, rp_id: &RpId, class: Class) -> Option<(&TenantRecord, &EvidenceKeyRecord)> {
        let tenant = self.tenants.tenants.iter().find(|tenant| lists(tenant, rp_id.as_str()))?;
        Some((tenant, self.key_of(tenant, rp_id.as_str(), class)?))
    }

    /// The key for a relying party, or one that is for it from now on.
    fn key_of<'a>(&self, tenant: &'a TenantRecord, rp_id: &str, class: Class) -> Option<&'a EvidenceKeyRecord> {
        let counts = |key: &&EvidenceKeyRecord| key.is_of(class) && key.counts(&tenant.generation, self.now.0);
        let given = &mut self.given().assigned;
        let is_given_to = |key: &EvidenceKeyRecord| given.iter().find(|assigned| assigned.leaf == key.leaf);
        let its = |key: &&EvidenceKeyRecord| match is_given_to(key) {
            Some(assigned) => assigned.rp_id == rp_id,
            None => key.rp_id == rp_id,
        };
        if let Some(key) = tenant.keys.iter().filter(counts).find(its) {
            return Some(key);
        }
        // One whose leaf counts no more stays its own: no other takes its place.
        if tenant.keys.iter().any(|key| key.is_of(class) && key.rp_id == rp_id) {
            return None;
        }
        let is_spare = |key: &&EvidenceKeyRecord| key.rp_id.is_empty() && is_given_to(key).is_none();
        let key = tenant.keys.iter().filter(counts).find(is_spare)?;
        let (tenant, leaf) = (tenant.tenant.clone(), key.leaf.clone());
        given.push(Assigned { tenant, leaf, rp_id: rp_id.to_owned() });
        Some(key)
    }

    fn given(&self) -> std::sync::MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for VaultWitness {
    fn attest(&self, rp_id: &RpId, message: &[u8]) -> Option<Attested> {
        // Authenticator data: 32 bytes of the RP id's hash, then the flags.
        let class = class_of(*message.get(32)?);
        let (tenant, key) = self.key(rp_id, class)?;
        let signature = key.sign_der(message)?;
        Some(Attested { signature, certificates: vec![key.leaf.clone(), tenant.issuer.clone()] })
    }

    fn vouch(&self, rp_id: &RpId, presented: &Presented<'_>) -> Option<Vec<u8>> {
        let (_, key) = self.key(rp_id, class_of(presented.flags))?;
        let signed = Signed {
            rp_id_hash: &rp_id.hash(),
            flags: presented.flags,
            credential_id: presented.credential_id.as_bytes(),
            client_data_hash: presented.client_data_hash,
        };
        let leaf_hash = Sha256::digest(&key.leaf).into();
        Some(device::output(&key.leaf, &key.sign(&device::message(&leaf_hash, &signed))?))
    }

    fn statement(
        &self,
        rp_id: &RpId,
        credential_id: &CredentialId,
        public_key: &PublicKey,
        backup_eligibility: BackupEligibility,
    ) -> Option<Vec<u8>> {
        if self.tenants.tenants.is_empty() {
            return None;
        }
        let class = match backup_eligibility {
            BackupEligibility::Eligible => Class::Synced,
            BackupEligibility::NotEligible => Class::DeviceBound,
        };
        let tag = BlindTag::of(rp_id.as_str(), credential_id.as_bytes(), &public_key.to_cose());
        let statement = Statement { tag, class, scope: Scope::Account, day: self.now.day() };
        let bytes = statement.encode();
        self.given().stating = Some((rp_id.as_str().to_owned(), statement));
        Some(bytes)
    }
}

impl Assigned {
    /// Makes it so in what is kept; whether the key was free, or this relying party's already.
    pub(crate) fn apply(&self, records: &mut TenantRecords) -> bool {
        let tenant = records.tenants.iter_mut().find(|tenant| tenant.tenant == self.tenant);
        let key = tenant.and_then(|tenant| tenant.keys.iter_mut().find(|key| key.leaf == self.leaf));
        let Some(key) = key.filter(|key| key.rp_id.is_empty() || key.rp_id == self.rp_id) else { return false };
        key.rp_id.clone_from(&self.rp_id);
        true
    }
}

impl Stating {
    /// Keeps it until the tenant has taken it, also for one that this device has yet to ask.
    pub(crate) fn apply(&self, records: &mut TenantRecords) {
        records::keep(records, self.tenant, &self.name);
        records::change(records, self.tenant, |record| records::queue_statement(record, self.statement.clone()));
    }
}

fn lists(tenant: &TenantRecord, rp_id: &str) -> bool {
    tenant.rp_ids.binary_search_by(|listed| listed.as_str().cmp(rp_id)).is_ok()
}

const fn class_of(flags: u8) -> Class {
    if flags & BE == 0 { Class::DeviceBound } else { Class::Synced }
}

const BE: u8 = 0x08;
