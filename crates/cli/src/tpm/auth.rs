use std::fmt;

use thiserror::Error;
use tss_esapi::structures::Auth;
use zeroize::Zeroizing;

use super::TpmError;

/// What opens a key: 32 bytes that the caller derives (a TPM takes no longer ones), and whether they could be guessed.
pub(crate) struct KeyAuth {
    value: Zeroizing<[u8; 32]>,
    kind: Guesses,
}

/// Zeros alone: a TPM drops those at the end of an authorisation, and would let everybody use the key. Derive or draw 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a key of zeros protects nothing: derive or draw 32 bytes")]
pub(crate) struct NoAuth;

/// What the TPM does about wrong ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guesses {
    /// It counts them, and locks: the only thing that protects a PIN of few digits against whoever holds the machine.
    Counted,
    /// It does not count them (noDA). Nobody guesses 256 bits; and the count is one for the whole TPM, so that mistakes here would
    /// lock other programs' keys, and theirs these.
    Free,
}

impl KeyAuth {
    /// From a PIN, or whatever else a person remembers. Wrong ones count for the whole TPM, and lock it.
    pub(crate) fn of_pin(value: &[u8; 32]) -> Result<Self, NoAuth> {
        Self::new(value, Guesses::Counted)
    }

    /// Random, and kept by the caller. Wrong ones do not count.
    pub(crate) fn of_secret(value: &[u8; 32]) -> Result<Self, NoAuth> {
        Self::new(value, Guesses::Free)
    }

    fn new(value: &[u8; 32], kind: Guesses) -> Result<Self, NoAuth> {
        if *value == [0; 32] { Err(NoAuth) } else { Ok(Self { value: Zeroizing::new(*value), kind }) }
    }

    pub(super) const fn kind(&self) -> Guesses {
        self.kind
    }

    pub(super) fn value(&self) -> Result<Auth, TpmError> {
        Ok(Auth::try_from(self.value.as_slice())?)
    }
}

impl fmt::Debug for KeyAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyAuth").field("kind", &self.kind).finish_non_exhaustive()
    }
}
