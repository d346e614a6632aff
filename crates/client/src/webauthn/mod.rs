//! The WebAuthn *client*: what a browser does between a relying party and an authenticator.
//!
//! [`create`] and [`get`] read the options of WebAuthn Level 3 in JSON, apply the client's rules,
//! drive the authenticator and give the response, ready to be written as JSON.
//!
//! # Invariants
//! - A relying party gets passkeys only for an RP id that its origin may claim, and never for a
//!   public suffix.
//! - What the user refused, what is not here and what came too late look the same from outside:
//!   [`CreateError::dom_name`] and [`GetError::dom_name`] are all that a page may learn.
//! - Nothing is made or signed after the deadline.
//! - No I/O; the clock and the prompts are the caller's.
//!
//! # Example
//! ```
//! use keyfold_authenticator::{Answer, Authenticator, MemoryStore, Model, Prompt};
//! use keyfold_client::SystemClock;
//! use keyfold_client::webauthn::{Ceremony, Origin, Page, get};
//!
//! let rng = rand_core::UnwrapErr(getrandom::SysRng);
//! let ceremony = Ceremony {
//!     page: &Page::top(Origin::parse("https://example.org")?),
//!     authenticator: &mut Authenticator::new(Model::SYNCED, MemoryStore::default(), rng),
//!     user: &mut |_: &Prompt<'_>| Answer::Denied,
//!     clock: &SystemClock,
//! };
//! let options = r#"{"challenge": "AAAAAAAAAAAAAAAAAAAAAA"}"#;
//! assert_eq!(get(ceremony, options).unwrap_err().dom_name(), "NotAllowedError");
//! # Ok::<(), keyfold_client::webauthn::OriginError>(())
//! ```

#![deny(clippy::indexing_slicing)]

// Who asks
mod origin;
mod page;
mod relying_party;

// What else pages say
mod signal;

// What is asked
mod base64url;
mod creation_options;
mod extensions;
mod members;
mod request_options;

// What is done
mod ceremony;
mod client_data;
mod create;
mod get;

// What is answered
mod response;

#[cfg(test)]
mod tests;

pub use ceremony::Ceremony;
pub use create::{CreateError, create};
pub use creation_options::CreationOptionsError;
pub use extensions::ExtensionError;
pub use get::{GetError, candidates, get};
pub use origin::{Origin, OriginError};
pub use page::{Frame, Page, RpIdCheck};
pub use relying_party::RpIdError;
pub use request_options::RequestOptionsError;
pub use response::{AuthenticationResponse, RegistrationResponse};
pub use signal::{Signal, SignalError};
