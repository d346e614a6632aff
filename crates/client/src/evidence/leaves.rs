use keyfold_evidence::{Class, LeafShown, possession};
use keyfold_wire::{
    TenantId,
    v1::{EvidenceKeyRecord, LeafRequest, TenantRecords},
};

use super::{keys::EvidenceKeys, records, tenancy::TenantError};
use crate::{api::ApiError, sync::SyncEngine, vault::VaultError};

impl SyncEngine {
    /// Has leaves renewed that are about to end, or of another generation than the tenant's, and new keys certified, so that there
    /// are some to spare.
    pub(super) async fn renew_leaves(&self, tenant: TenantId, now: u64) -> Result<usize, TenantError> {
        let draw = |records: &mut TenantRecords| {
            let Some(record) = records.tenants.iter_mut().find(|record| records::is_of(record, tenant)) else {
                return Ok(());
            };
            for class in Class::ALL {
                let spare = record.keys.iter().filter(|key| key.is_of(class) && key.rp_id.is_empty()).count();
                for _ in spare..SPARE {
                    let key = EvidenceKeyRecord::draw(class);
                    record.keys.push(key.ok_or_else(|| VaultError::Damaged("no key could be drawn".to_owned()))?);
                }
            }
            Ok(())
        };
        let record = self.record(tenant).await?;
        let lasts_from = now.saturating_add(RENEWED_BEFORE);
        let generation = record.generation.clone();
        let is_due = |key: &&EvidenceKeyRecord| !key.counts(&generation, lasts_from);
        let is_short = Class::ALL.iter().any(|class| {
            record.keys.iter().filter(|key| key.is_of(*class) && key.rp_id.is_empty() && !is_due(key)).count()
                < SPARE / 2
        });
        if !is_short && !record.keys.iter().any(|key| is_due(&key)) {
            return Ok(0);
        }
        self.vault().change_tenants(draw).await?;
        let record = self.record(tenant).await?;
        let due: Vec<&EvidenceKeyRecord> = record.keys.iter().filter(is_due).collect();
        let mut renewed = 0;
        for batch in due.chunks(BATCH) {
            renewed += self.certify(tenant, &generation, batch).await?;
        }
        Ok(renewed)
    }

    async fn certify(
        &self,
        tenant: TenantId,
        generation: &[u8],
        keys: &[&EvidenceKeyRecord],
    ) -> Result<usize, TenantError> {
        let profile = self.vault().local().profile();
        let owner = possession::Owner {
            tenant: tenant.as_bytes(),
            account: profile.account.as_bytes(),
            device: profile.device.as_bytes(),
        };
        let asked = keys.iter().filter_map(|key| key.asked(&owner)).collect();
        let batch = self.api().leaves(tenant, &LeafRequest { keys: asked }).await?;
        if batch.leaves.len() != keys.len() {
            return Err(ApiError::BadAnswer("not a leaf for each key").into());
        }
        let mut leaves = Vec::new();
        for (key, leaf) in keys.iter().zip(&batch.leaves) {
            let read = LeafShown::of(leaf).ok().filter(|read| Some(read.public_key) == key.point());
            let read = read.ok_or(ApiError::BadAnswer("a leaf that is not of its key"))?;
            leaves.push((&key.secret, leaf, read.until));
        }
        let keep = |records: &mut TenantRecords| {
            records::change(records, tenant, |record| {
                record.issuer.clone_from(&batch.issuer);
                for (secret, leaf, until) in &leaves {
                    if let Some(key) = record.keys.iter_mut().find(|key| key.secret == **secret) {
                        key.leaf.clone_from(leaf);
                        key.leaf_until = until.0;
                        key.generation = generation.to_vec();
                    }
                }
            });
            Ok(())
        };
        self.vault().change_tenants(keep).await?;
        Ok(leaves.len())
    }
}

/// A leaf counts for a week, and is renewed when less than this is left.
const RENEWED_BEFORE: u64 = 4 * 24 * 60 * 60 * 1_000;
/// Keys of a class that are for relying parties to come.
const SPARE: usize = 16;
/// Keys that are certified at once.
const BATCH: usize = 64;
