use std::sync::Arc;

use keyfold_crypto::{SUITE, SigningAlgorithm, enrolment::offer_commitment, random};
use keyfold_wire::{
    EnrolmentId,
    v1::{BeginEnrolment, EnrolmentOffer, EnrolmentState},
};
use prost::Message;

use super::{
    EnrolmentError, Opened, QrCode,
    error::step_error,
    pending::Pending,
    poll::{Step, until},
    transcript::read_approval,
};
use crate::{
    api::Api,
    device::{DeviceKeys, DeviceName, Passphrase, describe},
    storage::{Condition, Profile, Storage, Write},
    sync::{CreateError, check_clock},
    vault::VaultError,
};

/// A device that wants to join an account.
#[derive(Debug)]
pub struct NewDevice {
    /// What people call it.
    pub name: DeviceName,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// Under which its secrets rest.
    pub passphrase: Passphrase,
    /// The CA certificates in PEM that the profile pins.
    pub ca: Option<Vec<u8>>,
}

/// The device has committed to its keys, and waits for an approver.
pub struct Offered {
    api: Api,
    storage: Arc<dyn Storage>,
    keys: DeviceKeys,
    passphrase: Passphrase,
    ca: Option<Vec<u8>>,
    offer: Vec<u8>,
    log_key: Vec<u8>,
    id: EnrolmentId,
    short_code: String,
    expires_at: u64,
    qr: Option<QrCode>,
}

impl NewDevice {
    /// Draws the device's keys and commits to them. `storage` is the empty profile that will be the device's.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub async fn begin(
        self,
        storage: Arc<dyn Storage>,
        api: Api,
        path: EnrolmentPath,
    ) -> Result<Offered, EnrolmentError> {
        must_be_empty(storage.as_ref()).await?;
        let info = api.server_info().await?;
        check_clock(api.now(), info.time)?;
        let mut rng = random::system();
        let keys = DeviceKeys::generate(self.algorithm, &mut rng);
        let offer = EnrolmentOffer {
            suite: SUITE,
            device: Some(keys.public().to_wire()),
            description: Some(describe(&self.name)),
            device_nonce: random::bytes::<32>(&mut rng).to_vec(),
        };
        let offer = offer.encode_to_vec();
        let begin = BeginEnrolment { commitment: offer_commitment(&offer).to_vec() };
        let begun = api.begin_enrolment(&begin).await?;
        let id = EnrolmentId::try_from(begun.enrolment.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the enrolment has no id"))?;
        let qr = match path {
            EnrolmentPath::QrCode { ca_fingerprint } => Some(QrCode::new(api.server().clone(), ca_fingerprint, id)),
            EnrolmentPath::Typed => None,
        };
        // No longer than the protocol allows, whatever the server says.
        let expires_at = begun.expires_at.min(api.now().saturating_add(LIFETIME));
        let short_code = begun.short_code;
        if short_code.len() != 8 || !short_code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(EnrolmentError::Mismatch("the short code is malformed"));
        }
        let (passphrase, ca, log_key) = (self.passphrase, self.ca, info.log_key);
        Ok(Offered { api, storage, keys, passphrase, ca, offer, log_key, id, short_code, expires_at, qr })
    }
}

/// How the two devices make sure of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolmentPath {
    /// By a QR code's secret; typed codes stay possible.
    QrCode {
        /// Of the CA certificate that the device pins.
        ca_fingerprint: Option<[u8; 32]>,
    },
    /// By typed codes only.
    Typed,
}

impl Offered {
    /// Eight letters and digits that name the enrolment, to be typed on the approving device.
    #[must_use]
    pub fn short_code(&self) -> &str {
        &self.short_code
    }

    /// The QR code to show.
    #[must_use]
    pub const fn qr(&self) -> Option<&QrCode> {
        self.qr.as_ref()
    }

    /// When it expires, Unix milliseconds.
    #[must_use]
    pub const fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// Waits for an approver's part, then opens the commitment. Before that the profile keeps all that the device needs to
    /// join: once its keys are known, an approver may let it in, whatever becomes of this process.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub async fn approved(self) -> Result<Opened, EnrolmentError> {
        let taken = |state: &EnrolmentState| (!state.approval.is_empty()).then(|| state.approval.clone());
        let approval = until(&self.api, self.id, Step::Begun, self.expires_at, taken).await?;
        let approval = read_approval(&approval)?;
        if approval.enrolment != self.id.as_bytes() {
            return Err(EnrolmentError::Mismatch("the approval is another enrolment's"));
        }
        if approval.log_key != self.log_key {
            return Err(EnrolmentError::Mismatch("the approver knows another server"));
        }
        let qr = self.qr.as_ref().map(|qr| qr.secret.clone());
        let pending = Pending::new(&self.keys, approval, self.offer.clone(), qr, self.expires_at)?;
        self.keep(&pending).await?;
        let Self { api, storage, keys, .. } = self;
        api.open_enrolment(pending.id, &pending.opening).await.map_err(step_error)?;
        Ok(Opened { api, storage, keys: Arc::new(keys), pending })
    }

    async fn keep(&self, pending: &Pending) -> Result<(), EnrolmentError> {
        let sealed_secrets = self.keys.seal(pending.account, &self.passphrase);
        let profile = Profile {
            account: pending.account,
            device: self.keys.id(),
            server: self.api.server().as_str().to_owned(),
            ca: self.ca.clone(),
            sealed_secrets: sealed_secrets.map_err(|error| VaultError::Secrets(error.into()))?,
            condition: Condition::Enrolling,
            stopped: None,
        };
        let writes = vec![Write::Profile(Box::new(profile)), Write::PutEnrolment(pending.seal(&self.keys))];
        let step = self.storage.step().await?;
        must_be_empty(self.storage.as_ref()).await?;
        Ok(self.storage.apply(&step, writes).await?)
    }
}

async fn must_be_empty(storage: &dyn Storage) -> Result<(), EnrolmentError> {
    match storage.profile().await? {
        None => Ok(()),
        Some(profile) if profile.condition == Condition::Enrolling => Err(VaultError::Enrolling.into()),
        Some(_) => Err(CreateError::ProfileInUse.into()),
    }
}

/// Of an enrolment: 10 minutes.
const LIFETIME: u64 = 10 * 60 * 1_000;
