//! Devices and how they are kept: postures, compliance policies, judgements.

use std::sync::Arc;

use keyfold_policy::{
    CompliancePolicy, Evaluation, FailingSince, Posture, State, UnixMillis,
    compliance::{External, RuleResult, evaluate},
};
use keyfold_wire::{AccountId, MemberId, TenantId};
use serde::de::DeserializeOwned;

use crate::{
    Clock,
    storage::{Device, DeviceKey, Judged, Kept, News, Policies, PolicyRow, Standing, Storage, StorageError},
};

/// How devices are kept, held against the tenant's rules. What no rule looks at, and what is not known, is not compliant.
pub struct Devices {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Where a device stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compliance {
    /// The worst of what is required.
    pub state: State,
    /// What each rule found.
    pub results: Vec<RuleResult>,
    /// Until when that counts, Unix milliseconds.
    pub expires_at: u64,
}

/// What came of judgements that were due.
#[derive(Debug, Default)]
pub struct JudgedDue {
    /// How many devices were judged.
    pub judged: u64,
    /// Which could not be, and why.
    pub failed: Vec<(DeviceKey, StorageError)>,
}

/// Why a device is not judged.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is no such device, or it was removed.
    #[error("the tenant knows no such device, or it was removed")]
    NoDevice,
    /// What it reports is not of the form of a posture.
    #[error("the posture cannot be read: {0}")]
    Posture(String),
    /// It could not be read or stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a policy is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is none.
    #[error("the compliance policy cannot be read: {0}")]
    Malformed(String),
    /// There is no such tenant.
    #[error("there is no such tenant here")]
    NoTenant,
    /// There is no such policy.
    #[error("the tenant has no policy of this name")]
    Unknown,
    /// The tenant has as many as it may have.
    #[error("a tenant has at most {MOST} compliance policies, each of at most {LONGEST} bytes")]
    Full,
    /// It could not be read or stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Devices {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// Takes what a device says, at `at`, of how it is kept (JSON): its own word, whatever it says of whose it is.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn report(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
        at: keyfold_evidence::UnixMillis,
        posture: &str,
    ) -> Result<Compliance, DeviceError> {
        if posture.len() > LONGEST {
            return Err(DeviceError::Posture(format!("it is longer than {LONGEST} bytes")));
        }
        let posture: Posture =
            serde_json::from_str(posture).map_err(|error| DeviceError::Posture(error.to_string()))?;
        if posture.reported_at.0 != at.0 {
            return Err(DeviceError::Posture("it is of another time than its report".to_owned()));
        }
        let posture = json(&posture.self_reported())?;
        self.judge_with(DeviceKey { tenant, account, device }, Some(&News::Posture(posture))).await
    }

    /// Takes what another device management says of a device; whoever passes it on has verified who says so.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn external(
        &self,
        tenant: TenantId,
        device: MemberId,
        said: External,
    ) -> Result<Compliance, DeviceError> {
        self.judge_wherever(tenant, device, Some(&News::External(json(&said)?))).await
    }

    /// Where a device of an account stands now.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn compliance(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
    ) -> Result<Compliance, DeviceError> {
        self.judge_with(DeviceKey { tenant, account, device }, None).await
    }

    /// Where a device stands now: in the worst of the accounts that have it, if there are several.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub async fn worst(&self, tenant: TenantId, device: MemberId) -> Result<Compliance, DeviceError> {
        self.judge_wherever(tenant, device, None).await
    }

    /// Judges each device anew that was let in and whose judgement counts no more, once. What cannot be judged holds up no other.
    ///
    /// # Errors
    /// [`StorageError`]: it is not known which are due.
    pub async fn judge_due(&self) -> Result<JudgedDue, StorageError> {
        let (now, mut after, mut due) = (self.clock.now().0, None, JudgedDue::default());
        loop {
            let page = self.storage.judgements_due(now, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(due) };
            after = Some(*last);
            for key in page {
                match self.judge_with(key, None).await {
                    Ok(_) => due.judged += 1,
                    Err(DeviceError::Storage(error)) => due.failed.push((key, error)),
                    Err(DeviceError::NoDevice | DeviceError::Posture(_)) => {}
                }
            }
        }
    }

    /// The tenant's compliance policies.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn policies(&self, tenant: TenantId) -> Result<Vec<CompliancePolicy>, StorageError> {
        read(&self.storage.compliance_policies(tenant).await?)
    }

    /// Adds a policy (JSON), or puts it in place of the one with its id, and judges every device by it. Nobody is let in by a judgement
    /// from before, even where this ends halfway: [`judge_due`](Self::judge_due) goes on with it.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub async fn set_policy(&self, tenant: TenantId, policy: &str) -> Result<CompliancePolicy, PolicyError> {
        self.storage.tenant(tenant).await?.ok_or(PolicyError::NoTenant)?;
        let read: CompliancePolicy =
            serde_json::from_str(policy).map_err(|error| PolicyError::Malformed(error.to_string()))?;
        let name = read.id.to_string();
        let rows = self.storage.compliance_policies(tenant).await?.rows;
        let is_new = !rows.iter().any(|row| row.name == name);
        if policy.len() > LONGEST || (is_new && rows.len() >= MOST) {
            return Err(PolicyError::Full);
        }
        let row = PolicyRow { name, policy: json(&read)?, changed_at: self.clock.now().0 };
        self.storage.set_compliance_policy(tenant, row).await?;
        self.judge_all(tenant).await?;
        Ok(read)
    }

    /// Removes a policy, and judges every device without it.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub async fn remove_policy(&self, tenant: TenantId, name: &str) -> Result<(), PolicyError> {
        if !self.storage.remove_compliance_policy(tenant, name).await? {
            return Err(PolicyError::Unknown);
        }
        Ok(self.judge_all(tenant).await?)
    }

    async fn judge_all(&self, tenant: TenantId) -> Result<(), StorageError> {
        let mut after = None;
        loop {
            let page = self.storage.devices(tenant, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.account, last.device));
            for Device { account, device, .. } in page {
                match self.judge_with(DeviceKey { tenant, account, device }, None).await {
                    // One that cannot be read is not let in, and holds up no other.
                    Err(DeviceError::Storage(StorageError::Damaged(_))) => {}
                    Err(DeviceError::Storage(error)) => return Err(error),
                    // It was removed meanwhile.
                    Ok(_) | Err(DeviceError::NoDevice | DeviceError::Posture(_)) => {}
                }
            }
        }
    }

    async fn judge_wherever(
        &self,
        tenant: TenantId,
        device: MemberId,
        news: Option<&News>,
    ) -> Result<Compliance, DeviceError> {
        let mut worst: Option<Compliance> = None;
        for account in self.storage.accounts_of(tenant, device).await? {
            let found = self.judge_with(DeviceKey { tenant, account, device }, news).await?;
            if worst.as_ref().is_none_or(|worst| worst.state < found.state) {
                worst = Some(found);
            }
        }
        worst.ok_or(DeviceError::NoDevice)
    }

    /// Judges by what is known, and again where that has changed by the time that the judgement is to be kept.
    async fn judge_with(&self, key: DeviceKey, news: Option<&News>) -> Result<Compliance, DeviceError> {
        let DeviceKey { tenant, account, device } = key;
        for _ in 0..ATTEMPTS {
            let before = self.storage.device(tenant, account, device).await?.filter(is_there);
            let before = before.ok_or(DeviceError::NoDevice)?;
            if is_earlier(news, &before)? {
                return Err(DeviceError::Posture("a later one is known".to_owned()));
            }
            let policies = self.storage.compliance_policies(tenant).await?;
            let Evaluation { state, results, expires_at, failing_since } =
                self.evaluated(&before, &read(&policies)?, news)?;
            let failing = json(&failing_since)?;
            let is_as_before = news.is_none()
                && (state, &failing, expires_at.0) == (before.compliance, &before.failing, before.compliance_until);
            let judged = Judged {
                before,
                policies: policies.changes,
                at: self.clock.now().0,
                news: news.cloned(),
                failing,
                compliance: state,
                compliance_until: expires_at.0,
                leaves: if state.is_let_in() { Standing::Valid } else { Standing::Suspended },
            };
            let kept = if is_as_before { Kept::Done } else { self.storage.judged(tenant, judged).await? };
            match kept {
                Kept::Done => return Ok(Compliance { state, results, expires_at: expires_at.0 }),
                Kept::Moved => {}
                Kept::Gone => return Err(DeviceError::NoDevice),
            }
        }
        Err(StorageError::Unavailable("the device changes all the time".into()).into())
    }

    fn evaluated(
        &self,
        device: &Device,
        policies: &[CompliancePolicy],
        news: Option<&News>,
    ) -> Result<Evaluation, StorageError> {
        let (mut posture, mut external) = (device.posture.as_ref(), device.external.as_ref());
        match news {
            Some(News::Posture(told)) => posture = Some(told),
            Some(News::External(told)) => external = Some(told),
            None => {}
        }
        let posture: Option<Posture> = posture.map(|json| stored(json)).transpose()?;
        let external: Option<External> = external.map(|json| stored(json)).transpose()?;
        let history: FailingSince = stored(&device.failing)?;
        let now = UnixMillis(self.clock.now().0);
        Ok(evaluate(posture.as_ref(), policies, &history, external.as_ref(), now))
    }
}

/// The posture that is stored of a device.
pub(crate) fn posture(device: &Device) -> Result<Option<Posture>, StorageError> {
    device.posture.as_deref().map(stored).transpose()
}

/// Whether it was not removed.
pub(crate) fn is_there(device: &Device) -> bool {
    device.removed_at.is_none()
}

/// Whether a posture is not later than the one that is known.
fn is_earlier(news: Option<&News>, known: &Device) -> Result<bool, StorageError> {
    let Some(News::Posture(told)) = news else { return Ok(false) };
    let told: Posture = stored(told)?;
    Ok(posture(known)?.is_some_and(|known| known.reported_at >= told.reported_at))
}

fn read(policies: &Policies) -> Result<Vec<CompliancePolicy>, StorageError> {
    policies.rows.iter().map(|row| stored(&row.policy)).collect()
}

fn stored<T: DeserializeOwned>(json: &str) -> Result<T, StorageError> {
    serde_json::from_str(json).map_err(|_| StorageError::Damaged("what is stored of a device cannot be read"))
}

fn json(value: &impl serde::Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_| StorageError::Damaged("what is known of a device cannot be written"))
}

/// Of a posture, and of a policy.
const LONGEST: usize = 16 * 1_024;
const MOST: usize = 100;
const AT_ONCE: u64 = 500;
/// Of a judgement, while others judge the same device.
const ATTEMPTS: usize = 16;
