use std::time::Duration;

use keyfold_crypto::{
    Hash, MemberKeys, SUITE,
    enrolment::{CheckCode, CheckCodes, offer_commitment},
    random, signing,
};
use keyfold_ledger::Description;
use keyfold_wire::{
    EnrolmentId,
    v1::{EnrolmentApproval, EnrolmentOpening, EnrolmentState, EnrolmentTranscript, ProblemCode},
};
use prost::Message;

use super::{
    EnrolmentError, QrCode,
    error::step_error,
    poll::{Step, until},
    transcript::{read_offer, transcript},
};
use crate::{storage::Storage, sync::SyncEngine};

/// How a person names the enrolment to approve.
#[derive(Debug)]
pub enum Claim {
    /// By the short code that the new device shows.
    ShortCode(String),
    /// By its QR code, with the fingerprint of the CA that this profile pins.
    QrCode(Box<QrCode>, Option<[u8; 32]>),
}

/// An enrolment that this device has claimed; the new device's keys are not known yet.
pub struct Approval<'e> {
    pub(super) engine: &'e SyncEngine,
    pub(super) id: EnrolmentId,
    commitment: Vec<u8>,
    expires_at: u64,
    pub(super) approval: EnrolmentApproval,
    pub(super) qr: Option<Box<QrCode>>,
}

/// A device that says who it is, and has proved that it committed to that before it was approved.
pub struct Candidate<'e> {
    pub(super) approval: Approval<'e>,
    pub(super) keys: MemberKeys,
    description: Description,
    pub(super) transcript: Vec<u8>,
    pub(super) opening: EnrolmentOpening,
    pub(super) codes: CheckCodes,
}

/// The candidate saw the same transcript as this device. A person still has to say yes.
pub struct Checked<'e>(pub(super) Candidate<'e>);

impl<'e> Approval<'e> {
    /// Finds the enrolment and gives this device's part of the transcript.
    ///
    /// # Errors
    /// [`EnrolmentError`]; after three failures in ten minutes [`EnrolmentError::TooManyFailures`], whatever is claimed.
    pub async fn claim(engine: &'e SyncEngine, claim: Claim) -> Result<Self, EnrolmentError> {
        let now = engine.api().anonymous().now();
        if storage(engine).enrolment_failures(now.saturating_sub(WINDOW)).await? >= MAX_FAILURES {
            return Err(EnrolmentError::TooManyFailures);
        }
        engine.sync().await?;
        let state = find(engine, &claim).await?;
        let id = EnrolmentId::try_from(state.enrolment.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the enrolment has no id"))?;
        let held = engine.vault().local().held().await?;
        let approval = EnrolmentApproval {
            suite: SUITE,
            enrolment: id.to_vec(),
            account: held.roster.account().to_vec(),
            log_key: held.roster.log_key().as_bytes().to_vec(),
            approver: engine.vault().keys().id().to_vec(),
            roster_head: held.roster.head().to_vec(),
            approver_nonce: random::bytes::<32>(&mut random::system()).to_vec(),
        };
        engine.api().approve_enrolment(id, &approval.encode_to_vec()).await.map_err(step_error)?;
        let qr = match claim {
            Claim::ShortCode(_) => None,
            Claim::QrCode(qr, _) => Some(qr),
        };
        let expires_at = state.expires_at.min(now.saturating_add(WINDOW));
        Ok(Self { engine, id, commitment: state.commitment, expires_at, approval, qr })
    }

    /// Waits until the new device opens its commitment.
    ///
    /// # Errors
    /// [`EnrolmentError`]; keys that were not committed to, or a wrong MAC of the QR code, burn the enrolment and count.
    pub async fn candidate(self) -> Result<Candidate<'e>, EnrolmentError> {
        let taken = |state: &EnrolmentState| state.opening.clone();
        let opening = until(self.engine.api(), self.id, Step::Approved, self.expires_at, taken).await?;
        match self.read(&opening) {
            Ok((keys, description, transcript)) => {
                let codes = CheckCodes::of(&transcript);
                Ok(Candidate { approval: self, keys, description, transcript, opening, codes })
            }
            Err(error) => Err(self.fail(error).await),
        }
    }

    fn read(&self, opening: &EnrolmentOpening) -> Result<(MemberKeys, Description, Vec<u8>), EnrolmentError> {
        let committed = Hash::try_from(self.commitment.as_slice())
            .map_err(|_| EnrolmentError::Mismatch("the commitment is no hash"))?;
        if offer_commitment(&opening.offer) != committed {
            return Err(EnrolmentError::Mismatch("the new device committed to another offer"));
        }
        let offer = read_offer(&opening.offer)?;
        let keys = MemberKeys::try_from(offer.device.as_ref())
            .map_err(|_| EnrolmentError::Mismatch("the new device's keys are no keys"))?;
        let description = Description::try_from(offer.description.as_ref())
            .map_err(|_| EnrolmentError::Mismatch("the new device's name could mislead"))?;
        let transcript = transcript(&self.approval, &offer);
        signing::verify_bytes::<EnrolmentTranscript>(keys.signing(), &transcript, &opening.signature)
            .map_err(|_| EnrolmentError::Mismatch("the new device did not sign this enrolment"))?;
        if let Some(qr) = &self.qr {
            qr.secret.check_transcript(&transcript, &opening.mac).map_err(|_| EnrolmentError::WrongMac)?;
        }
        Ok((keys, description, transcript))
    }

    /// Burns the enrolment, and counts the failure durably if somebody may have been guessing.
    pub(super) async fn fail(&self, error: EnrolmentError) -> EnrolmentError {
        if error.counts() {
            let now = self.engine.api().anonymous().now();
            if let Err(failed) = storage(self.engine).add_enrolment_failure(now).await {
                return failed.into();
            }
        }
        drop(self.engine.api().fail_enrolment(self.id).await);
        error
    }
}

impl<'e> Candidate<'e> {
    /// What the new device calls itself. Nobody but it says so.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// The new device's id, which is bound to its keys: its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> keyfold_wire::MemberId {
        self.keys.id()
    }

    /// To be typed on the new device; `None` on the QR path, where nothing is typed.
    #[must_use]
    pub fn check_code(&self) -> Option<CheckCode> {
        self.approval.qr.is_none().then_some(self.codes.from_approver)
    }

    /// On the QR path the MAC was checked already.
    ///
    /// # Errors
    /// The candidate itself, if its check code must be typed.
    pub fn checked_by_qr(self) -> Result<Checked<'e>, Box<Self>> {
        if self.approval.qr.is_some() { Ok(Checked(self)) } else { Err(Box::new(self)) }
    }

    /// The person typed the new device's check code here.
    ///
    /// # Errors
    /// [`EnrolmentError::WrongCode`] burns the enrolment and counts.
    pub async fn checked_by_code(self, typed: CheckCode) -> Result<Checked<'e>, EnrolmentError> {
        if typed == self.codes.from_device {
            Ok(Checked(self))
        } else {
            Err(self.approval.fail(EnrolmentError::WrongCode).await)
        }
    }

    /// The person said no.
    pub async fn deny(self) {
        drop(self.approval.engine.api().fail_enrolment(self.approval.id).await);
    }
}

impl Checked<'_> {
    /// Whom the person is asked about.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.0.description
    }

    /// The new device's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> keyfold_wire::MemberId {
        self.0.keys.id()
    }

    /// The person said no.
    pub async fn deny(self) {
        self.0.deny().await;
    }
}

async fn find(engine: &SyncEngine, claim: &Claim) -> Result<EnrolmentState, EnrolmentError> {
    let found = match claim {
        Claim::ShortCode(code) => {
            let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(9).collect();
            engine.api().enrolment_by_code(&code.to_ascii_lowercase()).await
        }
        Claim::QrCode(qr, ca_fingerprint) => {
            if qr.server != *engine.api().anonymous().server() || qr.ca_fingerprint != *ca_fingerprint {
                return Err(EnrolmentError::OtherServer);
            }
            engine.api().enrolment(qr.enrolment, Step::Begun.name(), Duration::ZERO).await
        }
    };
    let state = found.map_err(|error| match error.code() {
        Some(ProblemCode::NotFound) => EnrolmentError::NoSuchEnrolment,
        _ => step_error(error),
    })?;
    match claim {
        Claim::QrCode(qr, _) if state.enrolment != qr.enrolment.as_bytes() => {
            Err(EnrolmentError::Mismatch("the answer is another enrolment's"))
        }
        _ => Ok(state),
    }
}

pub(super) fn storage(engine: &SyncEngine) -> &dyn Storage {
    engine.vault().local().storage().as_ref()
}

/// Failures within the window after which nothing is approved.
const MAX_FAILURES: u32 = 3;
/// 10 minutes.
const WINDOW: u64 = 10 * 60 * 1_000;
