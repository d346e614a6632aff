//! What a relying party verifies of Keyfold's passkeys, offline: registrations with their attestation, assertions with the device
//! behind them, statements, reports and status lists; and of other makers' authenticators and of devices, what those attest. Roots,
//! keys and the time are passed in.
//!
//! Invariants: bytes from outside are parsed strictly, in one form, within a bound, before anything is allocated by them; each
//! signature is over the bytes that were received, behind a prefix that no other message has; what is not verified is not
//! returned. What a device says of itself stands apart from what its tenant's authority says of it.
//!
//! ```no_run
//! use keyfold_evidence::{
//!     Asked, Assertion, Authority, Credential, Device, Frames, Status, StatusList, UnixMillis, UserVerification,
//! };
//! # fn example((root, issuer, revoked): (&[u8], Vec<u8>, &[u8]), statuses: &StatusList, challenge: &[u8], credential: &Credential<'_>,
//! # assertion: &Assertion<'_>, now: UnixMillis) -> Result<(), Box<dyn std::error::Error>> {
//! let tenant = Authority::trust(root, &[issuer], Some(revoked), now)?;
//! let (rp_id, origins) = ("shop.example", ["https://shop.example"].as_slice());
//! let (user_verification, frames) = (UserVerification::Required, Frames::Refused);
//! let asked = Asked { rp_id, origins, challenge, user_verification, frames };
//! let signed_in = assertion.verify(&asked, credential, &tenant, now)?;
//! match signed_in.device {
//!     Device::Verified(leaf) => match statuses.status(&leaf.claims().status, now)? {
//!         Status::Valid => println!("by a device that is {}", leaf.claims().compliance.name()),
//!         Status::Invalid | Status::Suspended => println!("by a device that its tenant does not vouch for any more"),
//!     },
//!     Device::Absent | Device::Refused(_) => println!("by a device that nobody vouches for"),
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")
)]

mod assertion;
pub mod attestation;
mod authenticator_data;
mod authority;
mod cbor;
mod class;
mod client_data;
mod day;
mod der;
pub mod device;
pub mod hardware;
#[cfg(feature = "issue")]
pub mod issue;
mod jose;
mod key;
mod leaf;
pub mod possession;
mod public_key;
mod registration;
mod report;
mod roots;
pub mod statement;
pub mod status_list;
mod tpm;
mod x509;

pub use assertion::{Assertion, AssertionError, Credential, SignedIn};
pub use authenticator_data::{AttestedCredential, AuthenticatorData, Flags, NoAuthenticatorData};
pub use authority::{Authority, AuthorityError, revoked_serials};
pub use class::{Aaguid, Class, Compliance, Protection};
pub use client_data::{Asked, Frames, NotAsked, UserVerification};
pub use day::{Day, UnixMillis};
pub use device::{Device, DeviceError};
pub use jose::{Keys, TokenError};
pub use leaf::{Leaf, LeafClaims, LeafError, LeafShown, MAX_LEAF};
pub use public_key::{CredentialKey, CredentialKeyError};
pub use registration::{Attestation, Registered, Registration, RegistrationError};
pub use report::{Assurance, Bucket, Expected, PROFILE, Passkey, Report, ReportStatus, StatedBy, is_nonce};
pub use roots::{LONGEST_PATH, NotRoot, PathError, Roots};
pub use statement::{BlindTag, Known, Scope, SignedStatement, Statement, StatementError};
pub use status_list::{Status, StatusError, StatusList, StatusReference};
