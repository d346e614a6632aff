use thiserror::Error;
use tss_esapi::{
    Error as TssError,
    constants::response_code::{Tss2ResponseCode, Tss2ResponseCodeKind as Code},
};

/// Why a TPM did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum TpmError {
    /// Nothing that speaks TPM 2.0 is at the address.
    #[error("there is no TPM 2.0 at {0}: switch it on in the firmware's settings, or name another")]
    NotThere(String),
    /// This user may not use it.
    #[error("this user may not use {0}: add them to the group tss (sudo usermod -aG tss NAME) and log in again")]
    NoPermission(String),
    /// tpm2-tss was told to log all that passes through it.
    #[error("TSS2_LOG would have secrets written to the log: unset it, or set it to all+none")]
    Logged,
    /// The PIN is not that of the key. After so many more wrong ones, for this or any other key, the TPM is locked.
    #[error("wrong PIN: the TPM takes {left} more wrong ones before it locks")]
    WrongPin {
        /// How many.
        left: u32,
    },
    /// The secret is not that of the key. The TPM does not count this.
    #[error("this key has another secret: take the one that was kept with it")]
    WrongSecret,
    /// After too many wrong PINs, of this program or any other, the TPM takes none. Nothing is learnt about the one that was given.
    #[error(
        "the TPM takes no PIN after too many wrong ones: try once after {seconds} seconds, or clear it (tpm2_dictionarylockout)"
    )]
    LockedOut {
        /// After so many, it takes one again.
        seconds: u32,
    },
    /// The key was made by another TPM, or by this one before it was cleared; or its bytes were changed.
    #[error("this key is not one of this TPM (was it cleared?): add a passkey anew on this device")]
    NotItsKey,
    /// A hierarchy, or the storage key that someone put there, has a password. This program gives none.
    #[error(
        "this TPM's owner, endorsement or storage key has a password: ask whoever administers it to leave it empty"
    )]
    HasPassword,
    /// A challenge is not for this TPM's endorsement key and this attestation key.
    #[error("the challenge is not for this TPM and this attestation key: have the server make another")]
    NotItsChallenge,
    /// It answered with what it should never answer.
    #[error("the TPM's answer makes no sense ({0}): try again, and doubt it if that goes on")]
    Nonsense(&'static str),
    /// Anything else, in the words of tpm2-tss. Open the TPM again before the next command.
    #[error("the TPM failed: {0}")]
    Failed(TssError),
}

impl From<TssError> for TpmError {
    fn from(error: TssError) -> Self {
        Self::Failed(error)
    }
}

/// What the TPM objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    /// The authorisation; it was counted.
    CountedAuth,
    /// The authorisation; it was not counted.
    Auth,
    /// It is locked.
    Lockout,
    /// There is nothing at the handle.
    Handle,
    /// What a key or a challenge is made of.
    Input,
    /// It failed, it says.
    Failure,
    /// Something else.
    Other,
}

impl Objection {
    /// Of the TPM itself; what tpm2-tss objects to is `Other`.
    pub(super) fn of(error: TssError) -> Self {
        let TssError::Tss2Error(code) = error else {
            return Self::Other;
        };
        match (code, code.kind()) {
            (_, Some(Code::AuthFail)) => Self::CountedAuth,
            (_, Some(Code::BadAuth)) => Self::Auth,
            (_, Some(Code::Lockout)) => Self::Lockout,
            (_, Some(Code::Handle)) => Self::Handle,
            (_, Some(Code::Failure)) => Self::Failure,
            (Tss2ResponseCode::FormatOne(_), _) | (_, Some(Code::Sensitive)) => Self::Input,
            _ => Self::Other,
        }
    }
}
