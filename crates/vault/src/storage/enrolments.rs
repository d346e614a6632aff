use async_trait::async_trait;
use keyfold_crypto::Hash;
use keyfold_wire::{AccountId, EnrolmentId, MemberId};

use super::StorageError;

/// How far an enrolment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnrolmentStep {
    /// The new device has committed to its part.
    Begun,
    /// An approver has claimed it and given its part.
    Approved,
    /// The new device has opened its commitment.
    Opened,
    /// AddDevice stands in the roster: the enrolment is used.
    Added,
    /// The approver has told the new device where.
    Completed,
}

/// An enrolment as it begins.
#[derive(Debug, Clone)]
pub struct NewEnrolment {
    /// Its id.
    pub enrolment: EnrolmentId,
    /// Its name on the approving device.
    pub short_code: String,
    /// Hash of the offer.
    pub commitment: Hash,
    /// Unix milliseconds.
    pub expires_at: u64,
}

/// Who claims an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The account that the new device is to join.
    pub account: AccountId,
    /// The approving device.
    pub approver: MemberId,
}

/// The enrolment that an AddDevice is the outcome of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedEnrolment {
    /// Its id.
    pub enrolment: EnrolmentId,
    /// Unix milliseconds.
    pub now: u64,
}

/// An enrolment as it is stored. Messages are kept as their author's bytes.
#[derive(Debug, Clone)]
pub struct EnrolmentRow {
    /// Its id.
    pub enrolment: EnrolmentId,
    /// Hash of the offer.
    pub commitment: Hash,
    /// Unix milliseconds.
    pub expires_at: u64,
    /// How far it has come.
    pub step: EnrolmentStep,
    /// It failed and never goes on.
    pub failed: bool,
    /// Who claimed it.
    pub claim: Option<Claim>,
    /// EnrolmentApproval.
    pub approval: Option<Vec<u8>>,
    /// EnrolmentOpening.
    pub opening: Option<Vec<u8>>,
    /// EnrolmentCompletion.
    pub completion: Option<Vec<u8>>,
}

/// Enrolments take one step after the other, each once. A step is taken only if the enrolment is just before it, has not
/// failed and has not expired; the answer says whether it was. [`EnrolmentStep::Added`] is taken by the append itself:
/// see [`AppendWrite::enrolment`](super::AppendWrite::enrolment).
#[async_trait]
pub trait EnrolmentStorage: Send + Sync {
    /// Writes a new enrolment; `false` if its id or its short code is taken.
    async fn begin_enrolment(&self, enrolment: NewEnrolment) -> Result<bool, StorageError>;

    /// The enrolment, ended ones too for an hour after they expire.
    async fn enrolment(&self, enrolment: EnrolmentId) -> Result<Option<EnrolmentRow>, StorageError>;

    /// The enrolment with this short code.
    async fn enrolment_by_code(&self, short_code: &str) -> Result<Option<EnrolmentRow>, StorageError>;

    /// Claims it for one account and one approver.
    async fn approve(&self, id: EnrolmentId, claim: Claim, approval: &[u8], now: u64) -> Result<bool, StorageError>;

    /// Keeps the opening.
    async fn open(&self, id: EnrolmentId, opening: &[u8], now: u64) -> Result<bool, StorageError>;

    /// Keeps the completion, if the enrolment expires after `expires_after`.
    async fn complete(&self, id: EnrolmentId, completion: &[u8], expires_after: u64) -> Result<bool, StorageError>;

    /// Ends it for good, unless it was used.
    async fn fail(&self, id: EnrolmentId) -> Result<bool, StorageError>;
}
