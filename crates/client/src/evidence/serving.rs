use keyfold_crypto::SUITE;
use keyfold_policy::Posture;
use keyfold_wire::{
    TenantId,
    v1::{ComplianceState, PostureReport, ProblemCode, TenantCompliance, TenantInvite, TenantRecord, TenantRecords},
};

use super::{
    records,
    tenancy::{TenantError, Unserved},
};
use crate::{
    api::ApiError,
    sync::{AppendError, SyncEngine, SyncError},
    vault::VaultError,
};

/// Tells how this device is kept.
pub trait PostureSource: Send + Sync {
    /// As it is now, by the device's own word.
    fn posture(&self, now: keyfold_policy::UnixMillis) -> Posture;
}

/// What came of asking the tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantsServed {
    /// Statements and exports that tenants have taken.
    pub told: usize,
    /// Leaves that came.
    pub leaves: usize,
}

impl SyncEngine {
    /// Tells the account's tenants what waits for them, and how this device is kept, where it is time for that; takes leaves where
    /// they are about to end. An account without tenants asks nobody. None of them keeps the others from being served.
    ///
    /// # Errors
    /// [`TenantError`]; what was told stays told.
    pub async fn serve_tenants(&self, posture: &dyn PostureSource) -> Result<TenantsServed, TenantError> {
        let held = self.vault().local().held().await?;
        let joined = held.roster.tenants();
        let follow = |records: &mut TenantRecords| {
            records::forget(records, |tenant| !joined.contains_key(tenant));
            records::keep_all(records, joined);
            Ok(())
        };
        self.vault().change_tenants(follow).await?;
        let (mut served, mut unserved) = (TenantsServed::default(), Vec::new());
        for (tenant, name) in joined {
            let Err(error) = self.serve(*tenant, posture, &mut served).await else {
                self.note(*tenant, |record, _| record.refused_at = 0).await?;
                continue;
            };
            if is_answer(&error) {
                let is_none = is_no_member(&error);
                let refused = |record: &mut TenantRecord, now| {
                    record.member &= !is_none;
                    record.refused_at = now;
                    // A statement that is refused puts off no report of how the device is kept.
                    if !is_recent(record.asked_at, now) {
                        record.asked_at = now;
                    }
                };
                self.note(*tenant, refused).await?;
                // Its administrator has not let the account in, or has put it out: there is nobody to tell.
                if is_none {
                    continue;
                }
            }
            let is_for_all = !is_answer(&error);
            unserved.push(Unserved { tenant: *tenant, name: name.clone(), error: Box::new(error) });
            if is_for_all {
                break;
            }
        }
        if unserved.is_empty() { Ok(served) } else { Err(TenantError::Unserved(unserved)) }
    }

    /// The same, whether it is time for that or not.
    ///
    /// # Errors
    /// [`TenantError`]; what was told stays told.
    pub async fn ask_tenants(&self, posture: &dyn PostureSource) -> Result<TenantsServed, TenantError> {
        let forget = |records: &mut TenantRecords| {
            records.tenants.iter_mut().for_each(|record| record.asked_at = 0);
            Ok(())
        };
        self.vault().change_tenants(forget).await?;
        self.serve_tenants(posture).await
    }

    /// Whether a tenant is to be told something now.
    pub(crate) async fn has_due_tenants(&self) -> Result<bool, SyncError> {
        let now = self.vault().local().clock().now();
        let records = self.vault().tenants().await?;
        Ok(records.tenants.iter().any(|record| is_due(record, now)))
    }

    /// Keeps what came of asking a tenant.
    async fn note(&self, tenant: TenantId, what: impl Fn(&mut TenantRecord, u64)) -> Result<(), TenantError> {
        let now = self.vault().local().clock().now();
        let keep = |records: &mut TenantRecords| {
            records::change(records, tenant, |record| what(record, now));
            Ok(())
        };
        Ok(self.vault().change_tenants(keep).await?)
    }

    async fn serve(
        &self,
        tenant: TenantId,
        posture: &dyn PostureSource,
        served: &mut TenantsServed,
    ) -> Result<(), TenantError> {
        self.take_part(tenant).await?;
        // None of these waits for another that is refused; statements, of which there may be many, come last.
        let told = self.tell_exports(tenant, served).await;
        if told.as_ref().is_err_and(|error| !is_answer(error)) {
            return told;
        }
        let asked = self.ask(tenant, posture, served).await;
        if asked.as_ref().is_err_and(|error| !is_answer(error) || is_no_member(error)) {
            return told.and(asked);
        }
        let stated = self.tell_statements(tenant, served).await;
        told.and(asked).and(stated)
    }

    /// Tells how this device is kept, where it is time for that, and takes what comes of it.
    async fn ask(
        &self,
        tenant: TenantId,
        posture: &dyn PostureSource,
        served: &mut TenantsServed,
    ) -> Result<(), TenantError> {
        let now = self.vault().local().clock().now();
        if is_recent(self.record(tenant).await?.asked_at, now) {
            return Ok(());
        }
        let compliance = self.report_posture(tenant, posture, now).await?;
        let membership = self.api().membership(tenant).await?;
        let rp_ids = membership.rp_ids;
        if !rp_ids.is_sorted() || rp_ids.len() > MOST_RP_IDS {
            return Err(ApiError::BadAnswer("RP ids that are out of order, or too many").into());
        }
        let is_let_in = matches!(compliance.state(), ComplianceState::Compliant | ComplianceState::InGracePeriod);
        let keep = |records: &mut TenantRecords| {
            records::change(records, tenant, |record| {
                record.rp_ids.clone_from(&rp_ids);
                record.generation.clone_from(&membership.generation);
                record.compliance = Some(compliance.clone());
                (record.member, record.asked_at) = (true, now);
            });
            Ok(())
        };
        self.vault().change_tenants(keep).await?;
        if is_let_in {
            served.leaves += self.renew_leaves(tenant, now).await?;
        }
        Ok(())
    }

    /// Has the tenant's server take the invite.
    pub(super) async fn take_part(&self, tenant: TenantId) -> Result<(), TenantError> {
        let code = self.record(tenant).await?.code;
        if code.is_empty() {
            return Ok(());
        }
        let joined = self.api().join(tenant, &TenantInvite { code: code.clone() }).await;
        match joined {
            // All is asked anew of whoever had refused until now.
            Ok(()) => {
                let taken = |record: &mut TenantRecord, _| {
                    (record.member, record.asked_at, record.refused_at) = (true, 0, 0);
                };
                self.note(tenant, taken).await?;
            }
            // It will never be good again; a person asks for another.
            Err(error) if error.code() == Some(ProblemCode::InviteInvalid) => {
                self.forget_code(tenant, &code).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        self.forget_code(tenant, &code).await
    }

    async fn forget_code(&self, tenant: TenantId, code: &str) -> Result<(), TenantError> {
        let forget = |record: &mut TenantRecord, _| {
            if record.code == code {
                record.code.clear();
            }
        };
        self.note(tenant, forget).await
    }

    /// Sends the exports that wait, each until it is taken.
    async fn tell_exports(&self, tenant: TenantId, served: &mut TenantsServed) -> Result<(), TenantError> {
        for export in self.record(tenant).await?.exports {
            match self.api().exported(tenant, &export).await {
                Ok(()) => served.told += 1,
                // It will not be taken whenever it comes.
                Err(error) if is_for_ever(&error) => {}
                Err(error) => return Err(error.into()),
            }
            self.note(tenant, |record, _| record.exports.retain(|other| *other != export)).await?;
        }
        Ok(())
    }

    /// Sends the statements that wait, each until it is taken. One that there is no room for goes behind the others: there may be
    /// room for those.
    async fn tell_statements(&self, tenant: TenantId, served: &mut TenantsServed) -> Result<(), TenantError> {
        for statement in self.record(tenant).await?.statements {
            match self.api().state(tenant, &statement).await {
                Ok(()) => served.told += 1,
                Err(error) if is_for_ever(&error) => {}
                Err(error) => {
                    if error.code() == Some(ProblemCode::QuotaExceeded) {
                        self.note(tenant, |record, _| records::put_last(record, &statement)).await?;
                    }
                    return Err(error.into());
                }
            }
            self.note(tenant, |record, _| record.statements.retain(|other| *other != statement)).await?;
        }
        Ok(())
    }

    async fn report_posture(
        &self,
        tenant: TenantId,
        posture: &dyn PostureSource,
        now: u64,
    ) -> Result<TenantCompliance, TenantError> {
        let (vault, profile) = (self.vault(), self.vault().local().profile());
        let posture = posture.posture(keyfold_policy::UnixMillis(now));
        let posture = serde_json::to_string(&posture).map_err(|error| VaultError::Damaged(error.to_string()))?;
        let report = PostureReport {
            suite: SUITE,
            tenant: tenant.to_vec(),
            account: profile.account.to_vec(),
            device: profile.device.to_vec(),
            at: now,
            posture,
        };
        Ok(self.api().posture(tenant, &vault.keys().author.signing.sign(&report)).await?)
    }

    pub(super) async fn record(&self, tenant: TenantId) -> Result<TenantRecord, TenantError> {
        let records = self.vault().tenants().await?;
        let record = records.tenants.into_iter().find(|record| records::is_of(record, tenant));
        record.ok_or(TenantError::NotJoined)
    }
}

/// Whether a tenant is to be told something. One that refused is let alone for a while, whatever waits for it.
fn is_due(record: &TenantRecord, now: u64) -> bool {
    let waits = !record.statements.is_empty() || !record.exports.is_empty();
    !is_recent(record.asked_at, now) || (waits && !is_recent(record.refused_at, now))
}

/// What lies ahead of a clock that was set back is not.
fn is_recent(at: u64, now: u64) -> bool {
    at <= now && now - at < PAUSE
}

fn is_no_member(error: &TenantError) -> bool {
    code_of(error).is_some_and(|code| {
        matches!(code, ProblemCode::NotAMember | ProblemCode::NotFound | ProblemCode::InviteInvalid)
    })
}

/// Whether a server answered, if not as it should: what is told to other tenants may be taken.
fn is_answer(error: &TenantError) -> bool {
    matches!(
        error,
        TenantError::Append(AppendError::Sync(SyncError::Api(ApiError::Refused(_) | ApiError::BadAnswer(_))))
    )
}

fn code_of(error: &TenantError) -> Option<ProblemCode> {
    match error {
        TenantError::Append(AppendError::Sync(SyncError::Api(error))) => error.code(),
        _ => None,
    }
}

fn is_for_ever(error: &ApiError) -> bool {
    matches!(error.code(), Some(ProblemCode::Malformed | ProblemCode::RuleBroken | ProblemCode::TooLarge))
}

/// Between two times that a tenant is asked.
const PAUSE: u64 = 10 * 60 * 1_000;
const MOST_RP_IDS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_refused_is_let_alone_for_ten_minutes() {
        let asked = TenantRecord { asked_at: NOW, ..TenantRecord::default() };
        assert!(!is_due(&asked, NOW + PAUSE - 1));
        assert!(is_due(&asked, NOW + PAUSE));
        assert!(is_due(&asked, NOW - 1), "the clock was set back");
        let waiting = TenantRecord { statements: vec![vec![1]], ..asked };
        assert!(is_due(&waiting, NOW));
        let refused = TenantRecord { refused_at: NOW, ..waiting };
        assert!(!is_due(&refused, NOW + PAUSE - 1));
        assert!(is_due(&refused, NOW + PAUSE));
    }

    const NOW: u64 = 1_800_000_000_000;
}
