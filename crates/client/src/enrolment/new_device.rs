use std::sync::Arc;

use keyfold_crypto::{
    Hash, SUITE, SigningAlgorithm,
    enrolment::{CheckCode, CheckCodes, offer_commitment},
    random,
};
use keyfold_wire::{
    AccountId, EnrolmentId,
    v1::{
        BeginEnrolment, EnrolmentApproval, EnrolmentCompletion, EnrolmentOffer, EnrolmentOpening, EnrolmentTranscript,
    },
};
use prost::Message;

use super::{
    EnrolmentError, QrCode,
    error::step_error,
    poll::{Step, until},
    transcript::{read_approval, transcript},
};
use crate::{
    api::Api,
    device::{DeviceKeys, DeviceName, describe},
    storage::Storage,
    sync::{CreateError, check_clock},
};

/// A device that wants to join an account.
#[derive(Debug)]
pub struct NewDevice {
    /// What people call it.
    pub name: DeviceName,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
}

/// The device has committed to its keys, and waits for an approver.
pub struct Offered {
    api: Api,
    storage: Arc<dyn Storage>,
    keys: DeviceKeys,
    offer: EnrolmentOffer,
    offer_bytes: Vec<u8>,
    log_key: Vec<u8>,
    id: EnrolmentId,
    short_code: String,
    expires_at: u64,
    qr: Option<QrCode>,
}

/// Both parts are known to both sides; it remains to be shown that they are the same.
pub struct Opened {
    pub(super) api: Api,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) keys: DeviceKeys,
    pub(super) account: AccountId,
    pub(super) approval: EnrolmentApproval,
    pub(super) transcript: Vec<u8>,
    id: EnrolmentId,
    expires_at: u64,
    codes: CheckCodes,
    qr: Option<QrCode>,
}

/// The approver's last word: where the device's AddDevice entry stands.
#[derive(Debug, Clone)]
pub struct Completion {
    pub(super) seq: u64,
    pub(super) entry: Hash,
    mac: Vec<u8>,
}

/// The approver saw the same transcript as this device.
pub struct Confirmed {
    pub(super) opened: Opened,
    pub(super) completion: Option<Completion>,
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
        if storage.profile().await?.is_some() {
            return Err(CreateError::ProfileInUse.into());
        }
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
        let offer_bytes = offer.encode_to_vec();
        let begin = BeginEnrolment { commitment: offer_commitment(&offer_bytes).to_vec() };
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
        Ok(Offered { api, storage, keys, offer, offer_bytes, log_key: info.log_key, id, short_code, expires_at, qr })
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

    /// Waits for an approver's part, then opens the commitment.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub async fn approved(self) -> Result<Opened, EnrolmentError> {
        let taken =
            |state: &keyfold_wire::v1::EnrolmentState| (!state.approval.is_empty()).then(|| state.approval.clone());
        let approval = until(&self.api, self.id, Step::Begun, self.expires_at, taken).await?;
        let approval = read_approval(&approval)?;
        if approval.enrolment != self.id.as_bytes() {
            return Err(EnrolmentError::Mismatch("the approval is another enrolment's"));
        }
        if approval.log_key != self.log_key {
            return Err(EnrolmentError::Mismatch("the approver knows another server"));
        }
        let account = AccountId::try_from(approval.account.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the approval names no account"))?;
        let transcript = transcript(&approval, &self.offer);
        let signature = self.keys.author.signing.sign_bytes::<EnrolmentTranscript>(&transcript);
        let opening = EnrolmentOpening {
            offer: self.offer_bytes.clone(),
            signature: signature.as_bytes().to_vec(),
            mac: self.qr.as_ref().map(|qr| qr.secret.transcript_mac(&transcript).to_vec()).unwrap_or_default(),
        };
        self.api.open_enrolment(self.id, &opening).await.map_err(step_error)?;
        Ok(Opened {
            codes: CheckCodes::of(&transcript),
            api: self.api,
            storage: self.storage,
            keys: self.keys,
            id: self.id,
            expires_at: self.expires_at,
            account,
            approval,
            transcript,
            qr: self.qr,
        })
    }
}

impl Opened {
    /// To be typed on the approving device.
    #[must_use]
    pub const fn check_code(&self) -> CheckCode {
        self.codes.from_device
    }

    /// Waits for the approver's last word.
    ///
    /// # Errors
    /// [`EnrolmentError`].
    pub async fn completion(&self) -> Result<Completion, EnrolmentError> {
        let taken = |state: &keyfold_wire::v1::EnrolmentState| state.completion.clone();
        let completion: EnrolmentCompletion = until(&self.api, self.id, Step::Opened, self.expires_at, taken).await?;
        if completion.account != self.account.as_bytes() {
            return Err(EnrolmentError::Mismatch("the completion names another account"));
        }
        let entry = Hash::try_from(completion.entry_hash.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the completion names no entry"))?;
        Ok(Completion { seq: completion.seq, entry, mac: completion.mac })
    }

    /// The person typed the approver's check code here.
    ///
    /// # Errors
    /// [`EnrolmentError::WrongCode`] burns the enrolment.
    pub async fn confirm_typed(self, typed: CheckCode) -> Result<Confirmed, EnrolmentError> {
        if typed == self.codes.from_approver {
            return Ok(Confirmed { opened: self, completion: None });
        }
        self.burn().await;
        Err(EnrolmentError::WrongCode)
    }

    /// The approver read the QR code, and proves it.
    ///
    /// # Errors
    /// [`EnrolmentError::WrongMac`] burns the enrolment.
    pub async fn confirm_qr(self, completion: Completion) -> Result<Confirmed, EnrolmentError> {
        let proved =
            self.qr.as_ref().is_some_and(|qr| qr.secret.check_entry(&completion.entry, &completion.mac).is_ok());
        if proved {
            return Ok(Confirmed { opened: self, completion: Some(completion) });
        }
        self.burn().await;
        Err(EnrolmentError::WrongMac)
    }

    /// The person gave up: the approver can let nobody in any more.
    pub async fn deny(self) {
        self.burn().await;
    }

    /// Ends the enrolment for good. The server may be out of reach; it expires all the same.
    async fn burn(&self) {
        drop(self.api.fail_enrolment(self.id).await);
    }
}

impl Completion {
    /// Whether the approver claims to have read the QR code. If not, a check code must be typed.
    #[must_use]
    pub fn claims_qr(&self) -> bool {
        !self.mac.is_empty()
    }
}

/// Of an enrolment: 10 minutes.
const LIFETIME: u64 = 10 * 60 * 1_000;
