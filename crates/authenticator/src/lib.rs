//! A CTAP2 and WebAuthn authenticator over a credential store that somebody else keeps.
//!
//! It makes passkeys and signs with them. It speaks typed Rust to Keyfold's own client and
//! CTAP2 canonical CBOR to everybody else; both end in the same two ceremonies.
//!
//! # Invariants
//! - No I/O, no clock, no randomness of its own: the caller gives [`CredentialStore`],
//!   [`UserVerification`], the time and a `CryptoRng`. (ring draws the ES256 nonce itself.)
//! - User presence and user verification are reported only if [`UserVerification`] said so.
//! - Backup eligibility is fixed when a passkey is made; backup state is what the store answers.
//! - A private key is read for one passkey only, after the user agreed to use that one; where the platform lets the user
//!   choose, for those that fit. There are two exceptions: a platform that probes for passkeys whose ids it knows
//!   (CTAP 2.1 §6.2.2) asks nobody; the signature says so (UP=0), no relying party may take it, and no account is told.
//!   And credential management, for whoever holds a token, tells the public half.
//! - An attempt at the PIN is counted, durably, before it is made; a token is good for what it was given for, for minutes.
//! - CBOR that is not in CTAP2 canonical form is refused; a refusal changes nothing.
//!
//! # Example
//! ```
//! use keyfold_authenticator::{Answer, Authenticator, MemoryStore, Model, Prompt, UnixMillis};
//!
//! let rng = rand_core::UnwrapErr(getrandom::SysRng);
//! let mut authenticator = Authenticator::new(Model::SYNCED, MemoryStore::default(), rng);
//! let mut user = |_: &Prompt<'_>| Answer::Denied;
//! // Command 0x09, for fingerprints, is none of ours: CTAP1_ERR_INVALID_COMMAND.
//! assert_eq!(authenticator.call(&[0x09], &mut user, &|| UnixMillis(0)), [0x01]);
//! ```

#![deny(clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )
)]

// What a passkey is
mod algorithm;
mod cred_random;
mod credential_id;
mod label;
mod large_blob;
mod model;
mod passkey;
mod pkcs8;
mod private_key;
mod protection;
mod public_key;
mod rp_id;
mod user;

// Who holds it and who may allow its use
mod device;
mod memory_store;
mod store;
mod user_verification;
mod witness;

// The two ceremonies
mod authenticator;
mod authenticator_data;
mod get_assertion;
mod make_credential;
mod prf;

// The CTAP2 wire
mod cbor;
mod ctap;
mod error;
mod extensions;
pub mod hid;
mod hmac_secret;
mod pin_protocol;
mod token;

#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod testing;

pub use algorithm::Algorithm;
pub use authenticator::{Authenticator, Channel, MAX_CRED_BLOB};
pub use cred_random::{CredRandom, LargeBlobKey};
pub use credential_id::{CredentialId, InvalidCredentialId};
pub use device::{
    DeviceMemory, DeviceState, InvalidDeviceState, Pin, PinError, PinHash, change_pin, count_verification, set_pin,
    uncount_verification, verify_pin,
};
pub use error::CtapError;
pub use get_assertion::{AllowList, Assertion, GetAssertion, Presence};
pub use hmac_secret::HmacSecretInput;
pub use label::Label;
pub use large_blob::LargeBlob;
pub use make_credential::{Attestation, AttestationFormat, AttestationStatement, MakeCredential, MakeExtensions};
pub use memory_store::MemoryStore;
pub use model::{Aaguid, BackupEligibility, Model};
pub use passkey::{Passkey, UnixMillis};
pub use pin_protocol::{KeyAgreement, KeyAgreementError, PinProtocol, SharedSecret};
pub use prf::{PrfInputs, PrfOutput, PrfSalts};
pub use private_key::{InvalidPrivateKey, PrivateKey};
pub use protection::{CredProtect, Discoverability};
pub use public_key::PublicKey;
pub use rp_id::{InvalidRpId, RelyingParty, RpId};
pub use store::{BackupState, CredentialStore, Listing, StoreError};
pub use user::{InvalidUserHandle, User, UserHandle};
pub use user_verification::{Action, Answer, Prompt, UserVerification, VerificationRequirement};
pub use witness::{Attested, EXTENSION as WITNESS_EXTENSION, Presented, STATEMENT, Witness};
