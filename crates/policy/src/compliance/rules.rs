use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{KeyStore, Platform, Version};
use crate::{Name, PolicyId, RuleId};

/// What a tenant requires of its devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CompliancePolicy {
    /// Which one it is.
    pub id: PolicyId,
    /// What its administrators call it.
    pub name: Name,
    /// The platforms it is for; all, if none is named.
    #[serde(default)]
    pub platforms: BTreeSet<Platform>,
    /// How long it counts on a report.
    #[serde(default)]
    pub valid_hours: ValidHours,
    /// What it requires.
    pub rules: Vec<Rule>,
}

/// One thing that is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rule {
    /// Which one of its policy it is. How long it has been failing is remembered by this.
    pub id: RuleId,
    /// What is required.
    pub requirement: Requirement,
    /// What it means if that is not so.
    pub severity: Severity,
    /// How long a device may go on with what is known to be wrong, since it was first found so.
    pub grace_days: Days,
}

/// What can be required of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Requirement {
    /// What Keyfold writes lies encrypted on disk.
    DiskEncryption,
    /// The screen locks by itself.
    ScreenLock,
    /// It starts signed code only.
    SecureBoot,
    /// On one platform, the system is new enough. Devices of other platforms are not judged by it.
    #[serde(rename_all = "kebab-case")]
    OsVersion {
        /// Whose system.
        platform: Platform,
        /// The oldest that will do.
        at_least: Version,
    },
    /// Its keys are kept well enough.
    #[serde(rename_all = "kebab-case")]
    KeyStore {
        /// The weakest that will do.
        at_least: KeyStore,
    },
    /// Hardware has proven where its keys are kept, and it is not software. The device's word does not count.
    HardwareEvidence,
    /// The Keyfold that reports is new enough.
    #[serde(rename_all = "kebab-case")]
    AgentVersion {
        /// The oldest that will do.
        at_least: Version,
    },
    /// Another device management says that the device complies.
    ExternalCompliance,
}

/// What it means for a device that a rule fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It is told, and changes nothing. A device of which nothing else is required is not compliant by it.
    Warning,
    /// The device does not comply.
    NonCompliant,
}

/// So many times 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(pub u16);

/// How many hours a report counts: 1 to 168. 24, if nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ValidHours(u16);

/// A number that is no [`ValidHours`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a report counts for 1 to 168 hours")]
pub struct NotHours;

impl Days {
    /// How long that is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64 * 24 * HOUR)
    }
}

impl ValidHours {
    /// How long that is.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64 * HOUR)
    }
}

impl Default for ValidHours {
    fn default() -> Self {
        Self(24)
    }
}

impl TryFrom<u16> for ValidHours {
    type Error = NotHours;

    fn try_from(hours: u16) -> Result<Self, NotHours> {
        if (1..=168).contains(&hours) { Ok(Self(hours)) } else { Err(NotHours) }
    }
}

impl From<ValidHours> for u16 {
    fn from(hours: ValidHours) -> Self {
        hours.0
    }
}

const HOUR: u64 = 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_has_one_form_in_json() {
        let json = serde_json::json!({
            "id": "phones",
            "name": "Phones",
            "platforms": ["android", "ios"],
            "valid-hours": 48,
            "rules": [
                {"id": "1", "requirement": "disk-encryption", "severity": "non-compliant", "grace-days": 0},
                {"id": "2", "severity": "warning", "grace-days": 14,
                 "requirement": {"os-version": {"platform": "ios", "at-least": "17.4"}}},
                {"id": "3", "severity": "warning", "grace-days": 1,
                 "requirement": {"key-store": {"at-least": "secure-element"}}},
            ],
        });
        let policy: CompliancePolicy = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(policy.valid_hours.duration(), Duration::from_secs(172_800));
        assert_eq!(policy.rules[1].grace_days.duration(), Duration::from_secs(14 * 86_400));
        assert_eq!(serde_json::to_value(&policy).unwrap(), json);

        let mut more = json.clone();
        more["rules"][1]["requirement"]["os-version"]["or-so"] = true.into();
        assert!(serde_json::from_value::<CompliancePolicy>(more).is_err());
        for hours in [0, 169] {
            let mut wrong = json.clone();
            wrong["valid-hours"] = hours.into();
            assert!(serde_json::from_value::<CompliancePolicy>(wrong).is_err());
        }
    }

    #[test]
    fn a_report_counts_for_a_day_unless_the_policy_says_otherwise() {
        let policy = r#"{"id": "a", "name": "A", "rules": []}"#;
        let policy: CompliancePolicy = serde_json::from_str(policy).unwrap();
        assert_eq!(policy.valid_hours.duration(), Duration::from_secs(86_400));
        assert!(policy.platforms.is_empty());
    }
}
