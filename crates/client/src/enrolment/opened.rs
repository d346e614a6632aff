use std::sync::Arc;

use keyfold_crypto::enrolment::CheckCode;
use keyfold_wire::v1::EnrolmentState;

use super::{
    EnrolmentError,
    pending::{Check, Completion, Pending},
    poll::{Step, until},
};
use crate::{
    api::Api,
    device::DeviceKeys,
    storage::{Condition, Step as StorageStep, Storage, Write},
    sync::CreateError,
    vault::VaultError,
};

/// Both parts are known to both sides; it remains to be shown that they are the same. From here on the profile keeps the
/// enrolment, so that it can be [resumed](super::resume).
pub struct Opened {
    pub(super) api: Api,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) keys: Arc<DeviceKeys>,
    pub(super) pending: Pending,
}

/// The approver saw the same transcript as this device. The profile remembers that, too.
pub struct Confirmed(pub(super) Opened);

impl Opened {
    /// To be typed on the approving device.
    #[must_use]
    pub fn check_code(&self) -> CheckCode {
        self.pending.codes().from_device
    }

    /// Whether the approver may prove itself by the QR code. Otherwise only its check code counts.
    #[must_use]
    pub const fn has_qr(&self) -> bool {
        self.pending.qr.is_some()
    }

    /// Waits for the approver's last word.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub async fn completion(&self) -> Result<Completion, EnrolmentError> {
        let taken = |state: &EnrolmentState| state.completion.clone();
        let completion = until(&self.api, self.pending.id, Step::Opened, self.pending.expires_at, taken).await?;
        Completion::read(completion, self.pending.account)
    }

    /// The person typed the approver's check code here.
    ///
    /// # Errors
    /// [`EnrolmentError::WrongCode`] burns the enrolment.
    pub async fn confirm_typed(self, typed: CheckCode) -> Result<Confirmed, EnrolmentError> {
        if typed == self.pending.codes().from_approver {
            return self.confirmed(Check::Code).await;
        }
        self.burn().await;
        Err(EnrolmentError::WrongCode)
    }

    /// The approver read the QR code, and proves it.
    ///
    /// # Errors
    /// [`EnrolmentError::WrongMac`] burns the enrolment.
    pub async fn confirm_qr(self, completion: Completion) -> Result<Confirmed, EnrolmentError> {
        let qr = self.pending.qr.as_ref();
        if qr.is_some_and(|qr| qr.check_entry(&completion.entry, &completion.mac).is_ok()) {
            return self.confirmed(Check::Mac(completion)).await;
        }
        self.burn().await;
        Err(EnrolmentError::WrongMac)
    }

    /// No check code will come.
    pub async fn deny(self) {
        self.burn().await;
    }

    async fn confirmed(mut self, check: Check) -> Result<Confirmed, EnrolmentError> {
        self.pending.held = Some(check);
        let step = self.own_step().await?;
        self.storage.apply(&step, vec![Write::PutEnrolment(self.pending.seal(&self.keys))]).await?;
        Ok(Confirmed(self))
    }

    /// The right to change the profile, which is this device's and has not joined meanwhile.
    pub(super) async fn own_step(&self) -> Result<StorageStep, EnrolmentError> {
        let step = self.storage.step().await?;
        let profile = self.storage.profile().await?.ok_or(VaultError::NoProfile)?;
        if profile.condition == Condition::Enrolling && profile.device == self.keys.id() {
            Ok(step)
        } else {
            Err(CreateError::ProfileInUse.into())
        }
    }

    /// Ends the enrolment for good. The server may be out of reach; it expires all the same. What the profile keeps stays:
    /// the device may have been let in already, and then only this profile has its keys.
    async fn burn(&self) {
        drop(self.api.fail_enrolment(self.pending.id).await);
    }
}
