use serde::{Deserialize, Serialize};

use crate::UnixMillis;

/// What another device management says of a device. Whoever passes it on has verified that it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct External {
    /// What it says.
    pub verdict: Verdict,
    /// When it said so.
    pub reported_at: UnixMillis,
}

/// What another device management can say of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It complies.
    Compliant,
    /// It does not.
    NonCompliant,
    /// It could not tell.
    Error,
}
