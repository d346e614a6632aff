use thiserror::Error;

use crate::{InvalidPrivateKey, KeyAgreementError, StoreError};

/// Why a request was refused: the CTAP2 status codes that this authenticator gives (CTAP 2.1 §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CtapError {
    /// The first byte names no command of this authenticator.
    #[error("unknown command")]
    InvalidCommand,
    /// A member has a value that is not allowed there; correct the request.
    #[error("a parameter has a value that is not allowed")]
    InvalidParameter,
    /// A member is longer or shorter than the standard allows.
    #[error("a parameter has the wrong length")]
    InvalidLength,
    /// A fragment does not follow the one before it.
    #[error("out of sequence")]
    InvalidSequence,
    /// A member has the wrong CBOR type.
    #[error("a parameter has the wrong CBOR type")]
    UnexpectedType,
    /// The bytes are not CTAP2 canonical CBOR; send the canonical form.
    #[error("the request is not canonical CBOR")]
    InvalidCbor,
    /// A required member is absent.
    #[error("a required parameter is missing")]
    MissingParameter,
    /// Something would not fit, such as a credential id over 1023 bytes.
    #[error("a limit was exceeded")]
    LimitExceeded,
    /// A passkey of the exclude list is here, and the user agreed to tell.
    #[error("a passkey for this account is already here")]
    CredentialExcluded,
    /// None of the offered algorithms is one of [`crate::Algorithm`].
    #[error("none of the algorithms is supported")]
    UnsupportedAlgorithm,
    /// The user refused, or was not verified where that was required.
    #[error("the user did not allow it")]
    OperationDenied,
    /// The store has no room for another passkey.
    #[error("there is no room for another passkey")]
    KeyStoreFull,
    /// An option that this command does not take.
    #[error("an option is not supported by this command")]
    UnsupportedOption,
    /// An option whose value contradicts the command.
    #[error("an option has a value that this command does not allow")]
    InvalidOption,
    /// The platform has taken the request back.
    #[error("the request was taken back")]
    KeepaliveCancel,
    /// No passkey here fits the request.
    #[error("no passkey fits this request")]
    NoCredentials,
    /// Nobody answered the prompt in time.
    #[error("nobody answered in time")]
    UserActionTimeout,
    /// The command is not allowed now: nothing is left to enumerate, or a reset that comes too late.
    #[error("not allowed now")]
    NotAllowed,
    /// The PIN is wrong, or must be changed before it is of use.
    #[error("the PIN is wrong")]
    PinInvalid,
    /// The PIN was wrong too often; only a reset of this device's PIN helps.
    #[error("the PIN was wrong too often")]
    PinBlocked,
    /// A MAC over the request is wrong, or its token lacks the permission.
    #[error("the request is not authenticated")]
    PinAuthInvalid,
    /// The PIN was wrong three times in a row; nothing is tried until the next power cycle.
    #[error("the PIN was wrong three times; a power cycle is needed")]
    PinAuthBlocked,
    /// There is no PIN; set one.
    #[error("no PIN is set")]
    PinNotSet,
    /// The command needs a pinUvAuthToken.
    #[error("user verification is required")]
    PuatRequired,
    /// The PIN is too short, too long, or the one that must be changed.
    #[error("the PIN does not meet the policy")]
    PinPolicyViolation,
    /// The request is over 7,609 bytes.
    #[error("the request is too large")]
    RequestTooLarge,
    /// Built-in user verification failed too often; the PIN unblocks it.
    #[error("built-in user verification is blocked")]
    UvBlocked,
    /// The hash at the end of a large-blob array is wrong.
    #[error("the large-blob array is damaged")]
    IntegrityFailure,
    /// The command has no such subcommand.
    #[error("unknown subcommand")]
    InvalidSubcommand,
    /// Built-in user verification failed; it may be tried again.
    #[error("the user was not verified")]
    UvInvalid,
    /// A permission that this authenticator does not give.
    #[error("a permission that is not given")]
    UnauthorizedPermission,
    /// The large-blob array is longer than there is room for.
    #[error("the large-blob array is too long")]
    LargeBlobStorageFull,
    /// The store can't be read or written, or a cryptographic operation failed on this device.
    #[error("the authenticator failed")]
    Other,
}

impl CtapError {
    /// The status byte.
    pub fn code(self) -> u8 {
        match self {
            CtapError::InvalidCommand => 0x01,
            CtapError::InvalidParameter => 0x02,
            CtapError::InvalidLength => 0x03,
            CtapError::InvalidSequence => 0x04,
            CtapError::UnexpectedType => 0x11,
            CtapError::InvalidCbor => 0x12,
            CtapError::MissingParameter => 0x14,
            CtapError::LimitExceeded => 0x15,
            CtapError::CredentialExcluded => 0x19,
            CtapError::UnsupportedAlgorithm => 0x26,
            CtapError::OperationDenied => 0x27,
            CtapError::KeyStoreFull => 0x28,
            CtapError::UnsupportedOption => 0x2b,
            CtapError::InvalidOption => 0x2c,
            CtapError::KeepaliveCancel => 0x2d,
            CtapError::NoCredentials => 0x2e,
            CtapError::UserActionTimeout => 0x2f,
            CtapError::NotAllowed => 0x30,
            CtapError::PinInvalid => 0x31,
            CtapError::PinBlocked => 0x32,
            CtapError::PinAuthInvalid => 0x33,
            CtapError::PinAuthBlocked => 0x34,
            CtapError::PinNotSet => 0x35,
            CtapError::PuatRequired => 0x36,
            CtapError::PinPolicyViolation => 0x37,
            CtapError::RequestTooLarge => 0x39,
            CtapError::UvBlocked => 0x3c,
            CtapError::IntegrityFailure => 0x3d,
            CtapError::InvalidSubcommand => 0x3e,
            CtapError::UvInvalid => 0x3f,
            CtapError::UnauthorizedPermission => 0x40,
            CtapError::LargeBlobStorageFull => 0x18,
            CtapError::Other => 0x7f,
        }
    }
}

impl From<StoreError> for CtapError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => CtapError::KeyStoreFull,
            StoreError::Unavailable => CtapError::Other,
        }
    }
}

impl From<InvalidPrivateKey> for CtapError {
    fn from(_: InvalidPrivateKey) -> Self {
        CtapError::Other
    }
}

impl From<KeyAgreementError> for CtapError {
    fn from(error: KeyAgreementError) -> Self {
        match error {
            KeyAgreementError::InvalidPeerKey => CtapError::InvalidParameter,
            KeyAgreementError::WrongMac => CtapError::PinAuthInvalid,
            KeyAgreementError::WrongLength => CtapError::InvalidLength,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_others_have_the_status_that_the_standard_gives_them() {
        assert_eq!(CtapError::from(StoreError::Full).code(), 0x28);
        assert_eq!(CtapError::from(StoreError::Unavailable).code(), 0x7f);
        assert_eq!(CtapError::from(InvalidPrivateKey).code(), 0x7f);
        assert_eq!(CtapError::from(KeyAgreementError::InvalidPeerKey).code(), 0x02);
        assert_eq!(CtapError::from(KeyAgreementError::WrongMac).code(), 0x33);
        assert_eq!(CtapError::from(KeyAgreementError::WrongLength).code(), 0x03);
    }
}
