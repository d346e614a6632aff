use std::sync::Arc;

use keyfold_client::{
    SigningAlgorithm,
    api::Api,
    enrolment::{Approval, Claim, Confirmed, EnrolmentError, EnrolmentPath, NewDevice, Offered, Opened},
    storage::{Condition, Storage},
};
use tempfile::TempDir;

use super::{
    Device, Home, Wire,
    device::{MovableClock, open, passphrase},
};

/// A device that is not in an account yet.
pub(crate) struct Newcomer {
    pub(crate) wire: Arc<Wire>,
    pub(crate) api: Api,
    pub(crate) storage: Arc<dyn Storage>,
    clock: Arc<MovableClock>,
    profile: TempDir,
    ca: Vec<u8>,
}

impl Newcomer {
    pub(crate) async fn new(home: &Home) -> Self {
        let (wire, clock, profile) = (Wire::to(home), Arc::<MovableClock>::default(), TempDir::new().unwrap());
        let api = Api::new(home.url(), Arc::clone(&wire) as _, Arc::clone(&clock) as _);
        Self { storage: open(profile.path()).await, wire, api, clock, profile, ca: home.ca() }
    }

    /// Begins an enrolment; its QR code and its short code are there to be used.
    pub(crate) async fn offers(&self) -> Result<Offered, EnrolmentError> {
        let new = NewDevice {
            name: "Ana's new phone".parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            ca: Some(self.ca.clone()),
        };
        let path = EnrolmentPath::QrCode { ca_fingerprint: None };
        new.begin(Arc::clone(&self.storage), self.api.clone(), path).await
    }

    /// Takes the account as the approver said, up to its own entry.
    pub(crate) async fn joins(self, confirmed: Confirmed) -> Result<Device, EnrolmentError> {
        let vault = Box::pin(confirmed.join()).await?;
        Ok(Device::of(vault, self.api, self.wire, self.clock, self.profile))
    }

    /// Whether the profile is in no account: empty, or with an enrolment that came to nothing.
    pub(crate) async fn is_nobody(&self) -> bool {
        let profile = self.storage.profile().await.unwrap();
        let waits = profile.is_none_or(|profile| profile.condition == Condition::Enrolling);
        waits && self.storage.chains().await.unwrap().entries.is_empty()
    }
}

/// A further device, let in by `approver` with typed codes; it has yet to sync.
pub(crate) async fn enrolled(home: &Home, approver: &Device) -> Device {
    let newcomer = Newcomer::new(home).await;
    let confirmed = Box::pin(let_in(&newcomer, approver)).await.unwrap();
    newcomer.joins(confirmed).await.unwrap()
}

/// Both sides of an enrolment with typed codes: each person types what the other device shows.
pub(crate) async fn let_in(newcomer: &Newcomer, approver: &Device) -> Result<Confirmed, EnrolmentError> {
    let offered = newcomer.offers().await?;
    let approval = claimed(approver, &offered).await?;
    let opened = offered.approved().await?;
    let candidate = approval.candidate().await?;
    let from_approver = candidate.check_code().unwrap();
    candidate.checked_by_code(opened.check_code()).await?.approve().await?;
    opened.confirm_typed(from_approver).await
}

/// The person types the new device's short code on the approver.
pub(crate) async fn claimed<'e>(approver: &'e Device, offered: &Offered) -> Result<Approval<'e>, EnrolmentError> {
    Approval::claim(&approver.engine, Claim::ShortCode(offered.short_code().to_owned())).await
}

/// Both sides up to where they have something to compare.
pub(crate) async fn met<'e>(
    newcomer: &Newcomer,
    approver: &'e Device,
) -> Result<(Opened, Approval<'e>), EnrolmentError> {
    let offered = newcomer.offers().await?;
    let approval = claimed(approver, &offered).await?;
    Ok((offered.approved().await?, approval))
}
