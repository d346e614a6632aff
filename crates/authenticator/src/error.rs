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
    /// None of the offered algorithms is ES256 or EdDSA.
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
    /// No passkey here fits the request.
    #[error("no passkey fits this request")]
    NoCredentials,
    /// A MAC over the request is wrong, or proves a PIN token that was never issued.
    #[error("the request is not authenticated")]
    PinAuthInvalid,
    /// The request is over 65,536 bytes.
    #[error("the request is too large")]
    RequestTooLarge,
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
            CtapError::NoCredentials => 0x2e,
            CtapError::PinAuthInvalid => 0x33,
            CtapError::RequestTooLarge => 0x39,
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
