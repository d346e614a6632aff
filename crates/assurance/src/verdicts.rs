//! What browsers hand to relying parties, judged.

use std::sync::Arc;

use keyfold_evidence::{
    Asked, Assertion, AssertionError, Attestation, Authority, Class, Credential, CredentialKey, Device, DeviceError,
    Flags, Leaf, NotRoot, Passkey, Protection, Registered, Registration, RegistrationError, Roots, SignedIn,
};

use crate::{
    AuthorityUnavailable, Clock,
    authority::Authorities,
    relying_parties::{Client, RelyingParties},
    reports::{AskedFor, ReportRefused, Reports},
    statuses::Statuses,
    storage::{Standing, Storage, StorageError},
};

/// Judges what browsers hand to relying parties: the ceremony, and all that is known of the passkey and of the device.
pub struct Verdicts {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    authorities: Arc<Authorities>,
    relying_parties: Arc<RelyingParties>,
    reports: Arc<Reports>,
    statuses: Arc<Statuses>,
}

/// A registration that is as WebAuthn wants it.
#[derive(Debug, Clone)]
pub struct RegistrationVerdict {
    /// The new credential.
    pub registered: Registered,
    /// What it is.
    pub judgement: Judgement,
}

/// A sign-in that is as WebAuthn wants it.
#[derive(Debug, Clone)]
pub struct AssertionVerdict {
    /// How it was.
    pub signed_in: SignedIn,
    /// Which device signed.
    pub device: DeviceVerdict,
    /// What the passkey is.
    pub judgement: Judgement,
}

/// What a passkey is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whose it is.
    pub provider: Provider,
    /// Where its private key may be.
    pub class: Class,
    /// What protects it, where somebody vouches for that.
    pub protection: Option<Protection>,
    /// By whose word.
    pub basis: Basis,
    /// Why it is judged so, the strongest first.
    pub reasons: Vec<Reason>,
    /// What is reported of it.
    pub passkey: Option<Passkey>,
}

/// Whose a passkey is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Keyfold's, of this tenant.
    Keyfold,
    /// Somebody else's, or nobody's that anything is known of.
    Other,
}

/// On whose word a judgement stands. Each is better than those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The authenticator's own.
    SelfAsserted,
    /// A device's of the tenant, or the passkey's own key's.
    Stated,
    /// Its authenticator's maker's, by a root that the relying party trusts.
    Maker,
    /// The tenant's.
    Attested,
}

/// Why a passkey is judged as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The tenant's authority vouches for the device that made it.
    AttestedByTenant,
    /// The tenant's authority has vouched for the device that made it, and does so no more.
    AttestationWithdrawn,
    /// Its own key has stated to the tenant what it is.
    StatedByItself,
    /// A device of the tenant has stated what it is.
    StatedByDevice,
    /// What is stated of it cannot all be true.
    Conflict,
    /// Nobody vouches for it: what it is, is what its authenticator says.
    NotAttested,
    /// It is attested in a form, or by somebody, that this tenant says nothing of.
    AttestedByOthers,
    /// The maker of its authenticator vouches for the model.
    AttestedByMaker,
    /// It says that it may be backed up.
    BackupEligible,
    /// It says that it may not.
    NotBackupEligible,
    /// It says that it is one of Keyfold's models, which anybody can.
    ClaimsKeyfold,
}

/// Which device signed.
#[derive(Debug, Clone)]
pub enum DeviceVerdict {
    /// Nothing tells.
    Absent,
    /// One of the tenant's, for which its leaf stands so now.
    Verified {
        /// What protects its keys.
        protection: Protection,
        /// How it stood to the rules when its leaf was issued.
        compliance: keyfold_evidence::Compliance,
        /// Whether that holds now.
        standing: Standing,
        /// The same at each sign-in of this device at this relying party: SEC 1, uncompressed.
        evidence_key: [u8; 65],
    },
    /// What should tell does not.
    Refused(DeviceError),
}

/// Why nothing is judged.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// The RP id is not the client's.
    #[error("the client has not proved to own this RP id")]
    NotProved,
    /// A root cannot be trusted.
    #[error(transparent)]
    Root(#[from] NotRoot),
    /// The registration is refused.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The assertion is refused.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// The public key cannot be used.
    #[error("the public key: {0}")]
    PublicKey(#[from] keyfold_evidence::CredentialKeyError),
    /// The tenant has no authority.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The credential that a relying party has on record.
#[derive(Debug, Clone, Copy)]
pub struct OnRecord<'a> {
    /// Its public key, a `COSE_Key`.
    pub public_key: &'a [u8],
    /// The BE flag that it was made with.
    pub backup_eligible: bool,
    /// The signature counter of its last assertion.
    pub sign_count: u32,
}

impl Verdicts {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        authorities: Arc<Authorities>,
        relying_parties: Arc<RelyingParties>,
        reports: Arc<Reports>,
        statuses: Arc<Statuses>,
    ) -> Self {
        Self { storage, clock, authorities, relying_parties, reports, statuses }
    }

    /// Judges a registration; what other makers attest, by the roots (DER) that the relying party trusts for that, if any.
    ///
    /// # Errors
    /// [`VerdictError`].
    pub async fn registration(
        &self,
        client: &Client,
        asked: &Asked<'_>,
        registration: &Registration<'_>,
        others: &[impl AsRef<[u8]> + Sync],
    ) -> Result<RegistrationVerdict, VerdictError> {
        let authority = self.authority(client, asked.rp_id).await?;
        let now = self.clock.now();
        let registered = if others.is_empty() {
            registration.verify(asked, &authority, now)?
        } else {
            registration.verify_any(asked, &authority, &Roots::trust(others)?, now)?
        };
        let public_key = registered.public_key.as_cose();
        let asked_for = AskedFor { rp_id: asked.rp_id, credential_id: &registered.credential_id, public_key };
        // First: it hears of devices that have left.
        let stated = self.stated(client, &asked_for).await?;
        let standing = match &registered.attestation {
            Attestation::Keyfold(leaf) => self.standing(client, leaf).await?,
            Attestation::Model(_) | Attestation::Other { .. } | Attestation::None | Attestation::Own => {
                Standing::Invalid
            }
        };
        let judgement = Judgement::of(&registered, standing, stated);
        Ok(RegistrationVerdict { registered, judgement })
    }

    /// Judges a sign-in.
    ///
    /// # Errors
    /// [`VerdictError`].
    pub async fn assertion(
        &self,
        client: &Client,
        asked: &Asked<'_>,
        on_record: &OnRecord<'_>,
        assertion: &Assertion<'_>,
    ) -> Result<AssertionVerdict, VerdictError> {
        let authority = self.authority(client, asked.rp_id).await?;
        let public_key = CredentialKey::parse(on_record.public_key)?;
        let OnRecord { backup_eligible, sign_count, .. } = *on_record;
        let credential =
            Credential { id: assertion.credential_id, public_key: &public_key, backup_eligible, sign_count };
        let signed_in = assertion.verify(asked, &credential, &authority, self.clock.now())?;
        let asked_for =
            AskedFor { rp_id: asked.rp_id, credential_id: assertion.credential_id, public_key: on_record.public_key };
        // First: it hears of devices that have left.
        let stated = self.stated(client, &asked_for).await?;
        let device = self.device(client, &signed_in.device).await?;
        let judgement = Judgement::of_signed_in(signed_in.flags, &device, stated);
        Ok(AssertionVerdict { signed_in, device, judgement })
    }

    async fn authority(&self, client: &Client, rp_id: &str) -> Result<Arc<Authority>, VerdictError> {
        if !self.relying_parties.owns(client, rp_id).await? {
            return Err(VerdictError::NotProved);
        }
        let known = self.authorities.known(client.tenant).await?;
        Ok(known.authority.clone().ok_or(AuthorityUnavailable::NotCertified)?)
    }

    async fn stated(&self, client: &Client, asked: &AskedFor<'_>) -> Result<Option<Passkey>, VerdictError> {
        match self.reports.find(client, asked).await {
            Ok(passkey) => Ok(Some(passkey)),
            Err(ReportRefused::Storage(error)) => Err(error.into()),
            Err(ReportRefused::Authority(error)) => Err(error.into()),
            Err(ReportRefused::NotProved) => Err(VerdictError::NotProved),
            Err(_) => Ok(None),
        }
    }

    async fn device(&self, client: &Client, device: &Device) -> Result<DeviceVerdict, VerdictError> {
        let leaf = match device {
            Device::Absent => return Ok(DeviceVerdict::Absent),
            Device::Refused(error) => return Ok(DeviceVerdict::Refused(*error)),
            Device::Verified(leaf) => leaf,
        };
        let (claims, standing) = (leaf.claims(), self.standing(client, leaf).await?);
        let (protection, compliance, evidence_key) = (claims.protection, claims.compliance, *leaf.public_key());
        Ok(DeviceVerdict::Verified { protection, compliance, standing, evidence_key })
    }
}

impl Verdicts {
    /// How a leaf stands now.
    async fn standing(&self, client: &Client, leaf: &Leaf) -> Result<Standing, StorageError> {
        let standing = match self.statuses.place(client.tenant, &leaf.claims().status) {
            Some(place) => self.storage.standing(client.tenant, place, self.clock.now().0).await?,
            None => None,
        };
        // What is on no list of the tenant's is vouched for by nobody.
        Ok(standing.unwrap_or(Standing::Invalid))
    }
}

impl Judgement {
    fn of(registered: &Registered, standing: Standing, stated: Option<Passkey>) -> Self {
        let claims = Class::of(registered.aaguid).is_some();
        let mut judgement = Self::by_flags(registered.flags, claims);
        match &registered.attestation {
            Attestation::Keyfold(_) if standing != Standing::Valid => {
                judgement.reasons.insert(0, Reason::AttestationWithdrawn);
            }
            Attestation::Keyfold(leaf) => {
                judgement.attested(leaf.claims().class, leaf.claims().protection);
            }
            Attestation::Model(model) => {
                (judgement.basis, judgement.protection) = (Basis::Maker, model.protection);
                judgement.reasons.insert(0, Reason::AttestedByMaker);
            }
            Attestation::Other { .. } => judgement.reasons.insert(0, Reason::AttestedByOthers),
            Attestation::None | Attestation::Own => judgement.reasons.insert(0, Reason::NotAttested),
        }
        judgement.with(stated)
    }

    fn of_signed_in(flags: Flags, device: &DeviceVerdict, stated: Option<Passkey>) -> Self {
        let mut judgement = Self::by_flags(flags, false);
        if let DeviceVerdict::Verified { protection, standing: Standing::Valid, .. } = device {
            judgement.attested(class_of(flags), *protection);
        }
        judgement.with(stated)
    }

    fn by_flags(flags: Flags, claims_keyfold: bool) -> Self {
        let class = class_of(flags);
        let says = match class {
            Class::Synced => Reason::BackupEligible,
            Class::DeviceBound => Reason::NotBackupEligible,
        };
        let claim = claims_keyfold.then_some(Reason::ClaimsKeyfold);
        let reasons = claim.into_iter().chain([says]).collect();
        let (provider, basis) = (Provider::Other, Basis::SelfAsserted);
        Self { provider, class, protection: None, basis, reasons, passkey: None }
    }

    fn attested(&mut self, class: Class, protection: Protection) {
        (self.provider, self.class, self.basis) = (Provider::Keyfold, class, Basis::Attested);
        self.protection = Some(protection);
        self.reasons.retain(|reason| *reason != Reason::ClaimsKeyfold);
        self.reasons.insert(0, Reason::AttestedByTenant);
    }

    /// With what is stated of it, which says more of it than its authenticator, and less than the tenant's authority.
    fn with(mut self, stated: Option<Passkey>) -> Self {
        let Some(passkey) = stated else { return self };
        let by = match passkey.stated_by {
            keyfold_evidence::StatedBy::Device => Reason::StatedByDevice,
            _ => Reason::StatedByItself,
        };
        let contradicts = passkey.conflict || passkey.class != self.class;
        if contradicts {
            self.reasons.insert(0, Reason::Conflict);
        }
        if self.basis < Basis::Stated && !contradicts {
            (self.provider, self.basis, self.protection) = (Provider::Keyfold, Basis::Stated, passkey.protection);
            self.reasons.retain(|reason| *reason != Reason::ClaimsKeyfold);
        }
        self.reasons.insert(0, by);
        self.passkey = Some(passkey);
        self
    }
}

const fn class_of(flags: Flags) -> Class {
    if flags.backup_eligible() { Class::Synced } else { Class::DeviceBound }
}
