use keyfold_crypto::{
    Hash,
    enrolment::{CheckCodes, QrSecret},
    exact, random,
};
use keyfold_wire::{
    AccountId, EnrolmentId,
    v1::{EnrolmentApproval, EnrolmentCompletion, EnrolmentOpening, EnrolmentTranscript, PendingEnrolment},
};
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use super::{
    EnrolmentError,
    transcript::{read_offer, transcript},
};
use crate::{device::DeviceKeys, vault::VaultError};

/// What a new device must not forget between opening its commitment and joining.
pub(super) struct Pending {
    pub(super) id: EnrolmentId,
    pub(super) account: AccountId,
    pub(super) approval: EnrolmentApproval,
    /// Sent again as the same bytes, however often.
    pub(super) opening: EnrolmentOpening,
    pub(super) transcript: Vec<u8>,
    /// `None` on the typed path.
    pub(super) qr: Option<QrSecret>,
    pub(super) expires_at: u64,
    /// `None` until the device's own check has held.
    pub(super) held: Option<Check>,
}

/// How the device made sure that the approver saw the same transcript.
pub(super) enum Check {
    /// Its check code was typed.
    Code,
    /// It proved that it read the QR code.
    Mac(Completion),
}

/// The approver's last word: where the device's AddDevice entry stands.
#[derive(Debug, Clone)]
pub struct Completion {
    pub(super) seq: u64,
    pub(super) entry: Hash,
    pub(super) mac: Vec<u8>,
}

impl Completion {
    /// Whether the approver claims to have read the QR code. If not, a check code must be typed.
    #[must_use]
    pub fn claims_qr(&self) -> bool {
        !self.mac.is_empty()
    }

    pub(super) fn read(completion: EnrolmentCompletion, account: AccountId) -> Result<Self, EnrolmentError> {
        if completion.account != account.as_bytes() {
            return Err(EnrolmentError::Mismatch("the completion names another account"));
        }
        let entry = Hash::try_from(completion.entry_hash.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the completion names no entry"))?;
        Ok(Self { seq: completion.seq, entry, mac: completion.mac })
    }
}

impl Pending {
    /// Forms the transcript of an approval and this device's offer, and signs it.
    pub(super) fn new(
        keys: &DeviceKeys,
        approval: EnrolmentApproval,
        offer: Vec<u8>,
        qr: Option<QrSecret>,
        expires_at: u64,
    ) -> Result<Self, EnrolmentError> {
        let transcript = transcript(&approval, &read_offer(&offer)?);
        let signature = keys.author.signing.sign_bytes::<EnrolmentTranscript>(&transcript);
        let mac = qr.as_ref().map(|qr| qr.transcript_mac(&transcript).to_vec()).unwrap_or_default();
        let opening = EnrolmentOpening { offer, signature: signature.as_bytes().to_vec(), mac };
        Self::of(approval, opening, qr, expires_at)
    }

    fn of(
        approval: EnrolmentApproval,
        opening: EnrolmentOpening,
        qr: Option<QrSecret>,
        expires_at: u64,
    ) -> Result<Self, EnrolmentError> {
        let id = EnrolmentId::try_from(approval.enrolment.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the approval names no enrolment"))?;
        let account = AccountId::try_from(approval.account.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the approval names no account"))?;
        let transcript = transcript(&approval, &read_offer(&opening.offer)?);
        Ok(Self { id, account, approval, opening, transcript, qr, expires_at, held: None })
    }

    pub(super) fn codes(&self) -> CheckCodes {
        CheckCodes::of(&self.transcript)
    }

    /// As it rests in the profile: nobody but the device itself can have written it.
    pub(super) fn seal(&self, keys: &DeviceKeys) -> Vec<u8> {
        let mut pending = PendingEnrolment {
            version: VERSION,
            approval: self.approval.encode_to_vec(),
            opening: Some(self.opening.clone()),
            qr_secret: self.qr.as_ref().map(|qr| qr.expose().to_vec()).unwrap_or_default(),
            expires_at: self.expires_at,
            code_held: matches!(self.held, Some(Check::Code)),
            completion_held: match &self.held {
                Some(Check::Mac(completion)) => Some(EnrolmentCompletion {
                    account: self.account.to_vec(),
                    seq: completion.seq,
                    entry_hash: completion.entry.to_vec(),
                    mac: completion.mac.clone(),
                }),
                _ => None,
            },
        };
        let bytes = Zeroizing::new(pending.encode_to_vec());
        pending.qr_secret.zeroize();
        keys.local.seal(&context(self.account, keys), &bytes, &mut random::system())
    }

    /// Opens what [`Pending::seal`] made.
    pub(super) fn open(account: AccountId, keys: &DeviceKeys, sealed: &[u8]) -> Result<Self, VaultError> {
        let damaged = || VaultError::Damaged("the enrolment does not open".to_owned());
        let bytes = keys.local.open(&context(account, keys), sealed).map_err(|_| damaged())?;
        let mut message: PendingEnrolment = exact::decode(&bytes, MAX_LEN).map_err(|_| damaged())?;
        let opened = Self::read(&message);
        message.qr_secret.zeroize();
        opened.filter(|pending| pending.account == account).ok_or_else(damaged)
    }

    fn read(message: &PendingEnrolment) -> Option<Self> {
        if message.version != VERSION {
            return None;
        }
        let approval = super::transcript::read_approval(&message.approval).ok()?;
        let qr = match message.qr_secret.as_slice() {
            [] => None,
            secret => Some(QrSecret::try_from(secret).ok()?),
        };
        let pending = Self::of(approval, message.opening.clone()?, qr, message.expires_at).ok()?;
        let held = match (message.code_held, &message.completion_held) {
            (true, _) => Some(Check::Code),
            (false, Some(completion)) => Some(Check::Mac(Completion::read(completion.clone(), pending.account).ok()?)),
            (false, None) => None,
        };
        Some(Self { held, ..pending })
    }
}

/// `"enrolment" ‖ account (16) ‖ device (16)`
fn context(account: AccountId, keys: &DeviceKeys) -> Vec<u8> {
    [b"enrolment".as_slice(), account.as_bytes(), keys.id().as_bytes()].concat()
}

const VERSION: u32 = 1;
/// The steps' messages have at most 8 KiB on the wire.
const MAX_LEN: usize = 16 * 1024;
