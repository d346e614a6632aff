use keyfold_crypto::signing::SignatureError;
use keyfold_wire::MemberId;

/// Which rule a roster entry breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// Not a first entry: seq 0, nothing before it, signed by the device that it names.
    #[error("the first entry is not a genesis signed by its own device")]
    NotGenesis,
    /// It does not follow the head: another entry came first, or history was changed.
    #[error("the entry does not follow the roster's head")]
    NotNext,
    /// Its time is before the entry before it.
    #[error("the entry's time is before that of the entry before it")]
    TimeGoesBack,
    /// Entry 1 is the rotation to epoch 1, before any commit.
    #[error("entry 1 must rotate to epoch 1 before any commit")]
    FirstRotation,
    /// Its author is not an active member.
    #[error("the entry's author is not an active member of the account")]
    NotAMember(MemberId),
    /// Its author may not say this.
    #[error("the entry's author may not author this kind of entry")]
    NotAllowed,
    /// Its signature is not its author's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Its author came by recovery and must first replace the recovery member that was used.
    #[error("the recovered device must first replace the recovery code that was used")]
    RecoveryUnfinished,
    /// An epoch other than the next.
    #[error("the rotation is to epoch {named}, the next is {next}")]
    WrongEpoch {
        /// The rotation's.
        named: u64,
        /// The current one + 1.
        next: u64,
    },
    /// Sealed keys for more or fewer than the members, or for others.
    #[error("a rotation seals the key to each member once and to nobody else")]
    WrongRecipients,
    /// No link to an earlier epoch, or one to an epoch that is not earlier.
    #[error("a rotation links at least one earlier epoch, and only earlier ones")]
    WrongLinks,
    /// The transcript is of another account, approver, roster head, log key or recovery.
    #[error("the new device signed for another enrolment than this")]
    WrongTranscript,
    /// The member is active, or was removed; either way its id does not come in again.
    #[error("a member with these keys is active or was removed")]
    NotNew,
    /// As many devices as an account may have.
    #[error("an account has at most 64 devices")]
    TooManyDevices,
    /// Removes somebody who is not a member.
    #[error("the member to remove is not active")]
    NotThere,
    /// Removes its own author.
    #[error("a member cannot remove itself")]
    RemovesItself,
    /// A replacement without a recovery member that it replaces.
    #[error("a replacement needs a recovery member that is removed by the same entry")]
    NothingToReplace,
    /// A second recovery member.
    #[error("the account has a recovery code already: remove it first")]
    RecoveryExists,
    /// A recovery is under way already, or none is.
    #[error("no such recovery is under way, or another is")]
    WrongRecovery,
    /// The delay of the recovery has not passed.
    #[error("the recovery must wait until its delay has passed")]
    TooEarly,
    /// Joined already, never joined, or too many.
    #[error("the tenant is joined already, is not joined, or there are 8")]
    Tenant,
    /// The log key that is in force already.
    #[error("that log key is in force already")]
    SameLogKey,
}
