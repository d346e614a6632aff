//! Facts in, decisions with their reasons out: whether a device complies with what its tenant requires.
//!
//! Invariants: a decision depends on its arguments alone, and not on their order; where something is required, one more policy or
//! rule never makes it better; what is not known, or not any more, is never taken for good. Time is passed in.
//!
//! ```
//! use keyfold_policy::{FailingSince, Posture, State, UnixMillis, compliance::evaluate};
//! # let posture = r#"{"reported-at": 0, "platform": "unknown", "os-name": "unknown", "os-version": "unknown",
//! #   "disk-encryption": {"known": {"value": "on", "source": "self-reported"}}, "screen-lock": "unknown",
//! #   "secure-boot": "unknown", "key-store": "unknown", "agent-version": "unknown"}"#;
//! # let policies = r#"[{"id": "laptops", "name": "Laptops", "rules":
//! #   [{"id": "disk", "requirement": "disk-encryption", "severity": "non-compliant", "grace-days": 3}]}]"#;
//! let posture: Posture = serde_json::from_str(posture)?;
//! let policies: Vec<_> = serde_json::from_str(policies)?;
//! let found = evaluate(Some(&posture.self_reported()), &policies, &FailingSince::default(), None, UnixMillis(1_000));
//! assert_eq!(found.state, State::Compliant);
//! assert_eq!(found.results[0].reason.to_string(), "as required");
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod compliance;
mod moment;
mod text;

pub use compliance::{CompliancePolicy, Evaluation, FailingSince, Posture, State};
pub use moment::UnixMillis;
pub use text::{Name, NotText, PolicyId, RuleId};
