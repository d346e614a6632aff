use keyfold_crypto::SUITE;
use keyfold_evidence::{Class, possession};
use keyfold_policy::Posture;
use keyfold_wire::{
    TenantId,
    v1::{
        ComplianceState, EvidenceKeyRecord, JoinTenant, LeafRequest, LeaveTenant, PostureReport, ProblemCode,
        TenantCompliance, TenantInvite, TenantRecord, TenantRecords, roster_entry::Body,
    },
};

use super::{keys::EvidenceKeys, records};
use crate::{
    api::ApiError,
    storage::{Step, StorageError},
    sync::{AppendError, EntryKeys, RosterMoved, SyncEngine, SyncError},
    vault::{Held, VaultError},
};

/// Tells how this device is kept.
pub trait PostureSource: Send + Sync {
    /// As it is now, by the device's own word.
    fn posture(&self, now: keyfold_policy::UnixMillis) -> Posture;
}

/// What an invite is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Which tenant.
    pub tenant: TenantId,
    /// What it is called: a person confirms that.
    pub name: String,
    /// The account has joined it before.
    pub is_joined: bool,
    code: String,
}

/// How this device stands in a tenant, as it was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantStanding {
    /// Which.
    pub tenant: TenantId,
    /// What its user confirmed that it is called.
    pub name: String,
    /// Whether the tenant has the account as a member, by its last answer to this device.
    pub is_member: bool,
    /// Whether the device keeps the tenant's rules; `None` before it was told.
    pub compliance: Option<TenantCompliance>,
    /// RP ids at which the tenant wants evidence.
    pub rp_ids: Vec<String>,
    /// Relying parties for which it has a leaf that counts, and leaves for others.
    pub leaves: (usize, usize),
    /// Statements and exports that the tenant has yet to take.
    pub waiting: usize,
    /// When it was asked last and answered, be it by a refusal, Unix milliseconds.
    pub asked_at: u64,
}

/// What came of asking the tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantsServed {
    /// Statements and exports that tenants have taken.
    pub told: usize,
    /// Leaves that came.
    pub leaves: usize,
}

/// Why a tenant was not joined, left or served.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// The account has not joined it.
    #[error("the account has not joined this tenant")]
    NotJoined,
    /// The tenant says that it is called otherwise than its user confirmed.
    #[error("the server's answer is not what it was: nothing was joined")]
    Changed,
    /// The entry did not get into the roster.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// Some tenants did not take or give what they should; all others were served.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unserved(Vec<Unserved>),
}

/// A tenant that was not served, or not with all that waits for it.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {error}")]
pub struct Unserved {
    /// Which.
    pub tenant: TenantId,
    /// What its user confirmed that it is called.
    pub name: String,
    /// Why.
    #[source]
    pub error: Box<TenantError>,
}

impl From<SyncError> for TenantError {
    fn from(error: SyncError) -> Self {
        Self::Append(error.into())
    }
}

impl From<ApiError> for TenantError {
    fn from(error: ApiError) -> Self {
        Self::Append(error.into())
    }
}

impl From<StorageError> for TenantError {
    fn from(error: StorageError) -> Self {
        Self::Append(error.into())
    }
}

impl From<VaultError> for TenantError {
    fn from(error: VaultError) -> Self {
        Self::Append(SyncError::from(error).into())
    }
}

impl RosterMoved for TenantError {
    fn is_roster_moved(&self) -> bool {
        matches!(self, Self::Append(error) if error.is_roster_moved())
    }
}

impl SyncEngine {
    /// What a code invites the account to. Nothing is changed.
    ///
    /// # Errors
    /// [`TenantError`].
    pub async fn invitation(&self, code: &str) -> Result<Invitation, TenantError> {
        let answer = self.api().invitation(&TenantInvite { code: code.to_owned() }).await?;
        let tenant = TenantId::try_from(answer.tenant.as_slice());
        let tenant = tenant.map_err(|_| ApiError::BadAnswer("a tenant's id has 16 bytes"))?;
        if keyfold_ledger::check_text(&answer.name).is_err() {
            return Err(ApiError::BadAnswer("a tenant's name that people could not read").into());
        }
        let is_joined = self.vault().local().held().await?.roster.tenants().contains_key(&tenant);
        Ok(Invitation { tenant, name: answer.name, is_joined, code: code.to_owned() })
    }

    /// Joins a tenant that a person of this device has confirmed by its name: signed by this device, and seen by all of the
    /// account's.
    ///
    /// # Errors
    /// [`TenantError`].
    pub async fn join_tenant(&self, invitation: &Invitation) -> Result<(), TenantError> {
        let tenant = invitation.tenant;
        let attempt = async |step: &Step, held: Held| {
            match held.roster.tenants().get(&tenant) {
                Some(name) if *name == invitation.name => return Ok(()),
                Some(_) => return Err(TenantError::Changed),
                None => {}
            }
            let body = Body::JoinTenant(JoinTenant { tenant: tenant.to_vec(), name: invitation.name.clone() });
            let entry = self.sign_entry(&held, body)?;
            Ok(self.append(step, &held, entry, EntryKeys::default()).await?)
        };
        self.while_the_roster_moves(attempt).await?;
        let code = invitation.code.clone();
        let keep = |records: &mut TenantRecords| {
            records::keep(records, tenant, &invitation.name);
            records::change(records, tenant, |record| record.code.clone_from(&code));
            Ok(())
        };
        self.vault().change_tenants(keep).await?;
        self.take_part(tenant).await
    }

    /// Leaves a tenant: signed by this device, and seen by all of the account's.
    ///
    /// # Errors
    /// [`TenantError`].
    pub async fn leave_tenant(&self, tenant: TenantId) -> Result<(), TenantError> {
        let attempt = async |step: &Step, held: Held| {
            if !held.roster.tenants().contains_key(&tenant) {
                return Err(TenantError::NotJoined);
            }
            let body = Body::LeaveTenant(LeaveTenant { tenant: tenant.to_vec() });
            let entry = self.sign_entry(&held, body)?;
            Ok(self.append(step, &held, entry, EntryKeys::default()).await?)
        };
        self.while_the_roster_moves(attempt).await?;
        let forget = |records: &mut TenantRecords| {
            records::forget(records, |known| *known == tenant);
            Ok(())
        };
        Ok(self.vault().change_tenants(forget).await?)
    }

    /// How this device stands in the account's tenants, as it was told last. No server is asked.
    ///
    /// # Errors
    /// [`TenantError`].
    pub async fn tenants(&self) -> Result<Vec<TenantStanding>, TenantError> {
        let records = self.vault().tenants().await?;
        let now = self.vault().local().clock().now();
        let held = self.vault().local().held().await?;
        let standing = |(tenant, name): (&TenantId, &String)| {
            let record = records.tenants.iter().find(|record| records::is_of(record, *tenant));
            TenantStanding::of(*tenant, name, record, now)
        };
        Ok(held.roster.tenants().iter().map(standing).collect())
    }

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
                    (record.asked_at, record.refused_at) = (now, now);
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
    async fn take_part(&self, tenant: TenantId) -> Result<(), TenantError> {
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

    /// Has leaves renewed that are about to end, or of another generation than the tenant's, and new keys certified, so that there are some to spare.
    async fn renew_leaves(&self, tenant: TenantId, now: u64) -> Result<usize, TenantError> {
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
            let read = keyfold_evidence::LeafShown::of(leaf).ok().filter(|read| Some(read.public_key) == key.point());
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

    async fn record(&self, tenant: TenantId) -> Result<TenantRecord, TenantError> {
        let records = self.vault().tenants().await?;
        let record = records.tenants.into_iter().find(|record| records::is_of(record, tenant));
        record.ok_or(TenantError::NotJoined)
    }
}

impl TenantStanding {
    fn of(tenant: TenantId, name: &str, record: Option<&TenantRecord>, now: u64) -> Self {
        let keys = record.map_or(&[][..], |record| &record.keys);
        let generation = record.map_or(&[][..], |record| &record.generation);
        let counting = || keys.iter().filter(|key| key.counts(generation, now));
        let given = counting().filter(|key| !key.rp_id.is_empty()).count();
        Self {
            tenant,
            name: name.to_owned(),
            is_member: record.is_some_and(|record| record.member),
            compliance: record.and_then(|record| record.compliance.clone()),
            rp_ids: record.map(|record| record.rp_ids.clone()).unwrap_or_default(),
            leaves: (given, counting().count() - given),
            waiting: record.map_or(0, |record| record.statements.len() + record.exports.len()),
            asked_at: record.map_or(0, |record| record.asked_at),
        }
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
/// A leaf counts for a week, and is renewed when less than this is left.
const RENEWED_BEFORE: u64 = 4 * 24 * 60 * 60 * 1_000;
/// Keys of a class that are for relying parties to come.
const SPARE: usize = 16;
/// Keys that are certified at once.
const BATCH: usize = 64;
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
