//! Keys of device-bound passkeys that a TPM 2.0 makes, and that never leave it; and its word for that, which a server can verify.
//!
//! Only with the feature `tpm`, which links the system's tpm2-tss (Debian's `libtss2-dev`): a build without it runs on machines
//! that have none. All of this waits for the TPM: call it where waiting is allowed.
//!
//! - A key is made below the TPM's storage key and given to the caller wrapped, as a [`BoundKey`]: no other TPM opens it, and
//!   this one only for the key's [`KeyAuth`].
//! - Every command that carries a secret goes through a session salted to the storage key: whoever listens between this process
//!   and the chip sees neither the secret nor anything to try guesses against. The storage key is recognised by its name, so
//!   that nobody in between can put one of their own in its place. It is met for the first time when an attestation key is made,
//!   which takes no secret; a server that binds that one to the manufacturer's certificate and verifies a [`Quotation`] by it has
//!   made sure of both.
//! - What a command loads is flushed when it ends, also when it fails: a TPM has room for three objects.
//!
//! Limits: a key protects against copying, not against use: whoever controls this user's processes has it sign, once they know
//! its [`KeyAuth`]. That a key is good and a signature gives nothing of it away rests on the chip alone. Copies of secrets that
//! tpm2-tss makes are not wiped. It complains about refused commands on standard error, unless `TSS2_LOG` says `all+none`.

mod activate;
mod address;
mod area;
mod attestation;
mod auth;
mod certificate;
mod chip;
mod endorsement;
mod error;
mod handles;
mod key;
mod lockout;
mod pcr;
mod session;
mod signature;
mod signing;
mod storage;

pub(crate) use activate::Challenge;
pub(crate) use address::{NotAnAddress, TpmAddress};
pub(crate) use attestation::{Certification, Quotation};
pub(crate) use auth::{KeyAuth, NoAuth};
pub(crate) use certificate::EndorsementCertificate;
pub(crate) use chip::Tpm;
pub(crate) use endorsement::EndorsementKey;
pub(crate) use error::TpmError;
pub(crate) use key::{AttestationKey, BoundKey, NotAKey, StorageKey};
pub(crate) use pcr::{NotPcrs, Pcrs};
pub(crate) use signature::Signature;

#[cfg(test)]
mod tests;
