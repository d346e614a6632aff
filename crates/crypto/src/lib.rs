//! The cryptography of the device protocol, version 1: every byte that is signed, hashed, derived or sealed.
//!
//! `proto/README.md` specifies each step; this crate is its one implementation. It does no I/O, reads no clock and
//! takes its randomness from the caller, so that every step can be reproduced by a test vector.
//!
//! Invariants:
//! - every hash, signature, key derivation and MAC begins with `len(namespace) ‖ namespace`, and each [`Namespace`] has
//!   exactly one use;
//! - a message is signed and hashed as the exact bytes that its author made, and is decoded only from its one canonical
//!   form ([`exact`]);
//! - a failed opening is one opaque error, [`Unopenable`];
//! - secrets zeroize when dropped and print nothing.
//!
//! ```
//! use keyfold_crypto::{SigningAlgorithm, SigningKey, random, signing};
//! use keyfold_wire::v1::Receipt;
//! let key = SigningKey::generate(SigningAlgorithm::Ed25519, &mut random::system());
//! let signed = key.sign(&Receipt { suite: 1, ..Receipt::default() });
//! assert!(signing::verify::<Receipt>(&key.verifying_key(), &signed).is_ok());
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod aead;
mod committed;
pub mod enrolment;
pub mod envelope;
pub mod epoch;
pub mod exact;
mod hash;
mod kdf;
pub mod keyring;
pub mod local;
mod member;
mod namespace;
mod padding;
pub mod passphrase;
pub mod random;
pub mod recovery;
pub mod request;
mod secret;
pub mod session;
pub mod signing;
mod wrapping;

pub use aead::Unopenable;
pub use epoch::EpochKey;
pub use hash::{Hash, HashLength, hash};
pub use member::{MemberKeys, MemberKeysError};
pub use namespace::{Namespace, Signable};
pub use signing::{Signature, SigningAlgorithm, SigningKey, VerifyingKey};
pub use wrapping::{WrappingKey, WrappingPublicKey};

/// The one cipher suite of version 1: SHA-256, Ed25519 or ES256, X-Wing with HKDF-SHA256 and AES-256-GCM, LtHash16
/// over BLAKE3.
pub const SUITE: u32 = 1;
