//! Whether a device complies: what is known of it, held against what its tenant requires.

mod evaluate;
mod external;
mod fact;
mod failing_since;
mod judge;
mod posture;
mod reason;
mod rules;
mod state;
mod version;

pub use evaluate::{Evaluation, RuleResult, evaluate};
pub use external::{External, Verdict};
pub use fact::{Fact, Source};
pub use failing_since::FailingSince;
pub use posture::{HardwareEvidence, KeyStore, Platform, Posture, Setting};
pub use reason::{Reason, Topic};
pub use rules::{CompliancePolicy, Days, NotHours, Requirement, Rule, Severity, ValidHours};
pub use state::State;
pub use version::{NotAVersion, Version};
