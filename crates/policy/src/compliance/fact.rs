use serde::{Deserialize, Serialize};

/// Something that can be known of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fact<T> {
    /// Somebody says so.
    Known {
        /// What is so.
        value: T,
        /// Who says it.
        source: Source,
    },
    /// Nobody could find it out. No rule takes that for good.
    Unknown,
}

/// Who says so. Each is better than those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The device's software, signed by the device's key: true as long as nobody has changed that software.
    SelfReported,
    /// The device's hardware, by evidence that was verified.
    HardwareVerified,
}

impl<T> Fact<T> {
    /// What the device says.
    #[must_use]
    pub const fn self_reported(value: T) -> Self {
        Self::Known { value, source: Source::SelfReported }
    }

    /// What its hardware has proven.
    #[must_use]
    pub const fn hardware_verified(value: T) -> Self {
        Self::Known { value, source: Source::HardwareVerified }
    }

    /// What is so, if that is known.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown => None,
        }
    }

    /// The same, as the device's own word.
    pub(super) fn lowered(self) -> Self {
        match self {
            Self::Known { value, .. } => Self::self_reported(value),
            Self::Unknown => Self::Unknown,
        }
    }

    /// What hardware has proven, where it has; else the same.
    pub(super) fn or_verified(self, verified: Option<T>) -> Self {
        verified.map_or(self, Self::hardware_verified)
    }
}
