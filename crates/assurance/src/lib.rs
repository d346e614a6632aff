//! The informed half's services: tenants and their authorities, relying parties, members and their devices, evidence; over traits
//! for storage, the time, rosters and what domains say of themselves.
//!
//! Invariants:
//! - a relying party is told only of passkeys that it knows, at domains that it has proved to own, each time under a nonce of its own;
//! - nothing is vouched for but by what a device has shown, and what is not known is not compliant;
//! - what time, a roster or a posture takes back counts no more, wherever it was told;
//! - nothing of the vault's half is known here but what a roster says.
//!
//! ```no_run
//! # async fn example(ports: keyfold_assurance::Ports) -> Result<(), Box<dyn std::error::Error>> {
//! let services = keyfold_assurance::Services::new(ports);
//! let tenant = services.tenants.create("Example Ltd.", "DE").await?;
//! let code = services.members.invite(tenant.id, "Ana", 7).await?;
//! println!("keyfold tenant join {code}");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

pub mod answers;
pub mod authority;
mod clock;
pub mod devices;
mod keys;
pub mod leaves;
pub mod members;
mod random;
pub mod relying_parties;
pub mod reports;
mod services;
pub mod statements;
pub mod statuses;
pub mod storage;
pub mod tenants;
mod text;
pub mod verdicts;

pub use authority::AuthorityUnavailable;
pub use clock::{Clock, SystemClock};
pub use keyfold_evidence as evidence;
pub use keyfold_policy as policy;
pub use keys::KeyError;
pub use random::NoRandomness;
pub use services::{Ports, Services, UpkeepError};
pub use tenants::TenantUnavailable;
pub use text::NotAName;
