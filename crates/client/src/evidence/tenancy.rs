use keyfold_wire::{
    TenantId,
    v1::{JoinTenant, LeaveTenant, TenantCompliance, TenantInvite, TenantRecord, TenantRecords, roster_entry::Body},
};

use super::{keys::EvidenceKeys, records};
use crate::{
    api::ApiError,
    storage::{Step, StorageError},
    sync::{AppendError, EntryKeys, RosterMoved, SyncEngine, SyncError},
    vault::{Held, VaultError},
};

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
