use std::fmt;

use serde::{Deserialize, Serialize};

use super::{KeyStore, Version};

/// Why a rule's result is what it is. Programs read the variant, people what it is displayed as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reason {
    /// It is as required.
    Holds,
    /// The device has never reported.
    NoReport,
    /// Its last report does not count any more.
    ReportExpired,
    /// Its last report is dated later than now.
    ReportFromTheFuture,
    /// The report does not know it.
    NotKnown(Topic),
    /// It is off.
    Off(Topic),
    /// It is too old.
    TooOld {
        /// What is.
        topic: Topic,
        /// What is there.
        found: Version,
        /// The oldest that will do.
        at_least: Version,
    },
    /// Keys are kept too weakly.
    KeyStoreTooWeak {
        /// Where they are.
        found: KeyStore,
        /// The weakest that will do.
        at_least: KeyStore,
    },
    /// Only the device itself says where its keys are.
    NoHardwareEvidence,
    /// Hardware evidence says that keys are kept in software.
    KeysInSoftware,
    /// The other device management has said nothing.
    ExternalSilent,
    /// What it said does not count any more.
    ExternalExpired,
    /// What it said is dated later than now.
    ExternalFromTheFuture,
    /// It says that the device does not comply.
    ExternalNonCompliant,
    /// It could not tell.
    ExternalError,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The kind of system.
    Platform,
    /// The version of the system.
    OsVersion,
    /// Whether the disk is encrypted.
    DiskEncryption,
    /// Whether the screen locks.
    ScreenLock,
    /// Whether signed code only is started.
    SecureBoot,
    /// Where keys are kept.
    KeyStore,
    /// The version of the Keyfold that reports.
    AgentVersion,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NotKnown(topic) => return write!(f, "the device could not find out its {}", topic.name()),
            Self::Off(topic) => return write!(f, "{} is off", topic.name()),
            Self::TooOld { topic, found, at_least } => {
                return write!(f, "{} is {found}, and at least {at_least} is required", topic.name());
            }
            Self::KeyStoreTooWeak { found, at_least } => {
                return write!(f, "keys are in {}, and at least {} is required", found.name(), at_least.name());
            }
            Self::Holds => "as required",
            Self::NoReport => "the device has not reported yet",
            Self::ReportExpired => "the device's last report has expired: let it connect",
            Self::ReportFromTheFuture => "the device's report is from the future: set its clock",
            Self::NoHardwareEvidence => "only the device itself says where its keys are: hardware evidence is required",
            Self::KeysInSoftware => "keys are in software, by the device's own evidence",
            Self::ExternalSilent => "the other device management has not reported this device",
            Self::ExternalExpired => "the other device management's last report has expired",
            Self::ExternalFromTheFuture => "the other device management's report is from the future: set its clock",
            Self::ExternalNonCompliant => "the other device management says that the device does not comply",
            Self::ExternalError => "the other device management could not tell",
        };
        f.write_str(text)
    }
}

impl Topic {
    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::OsVersion => "system version",
            Self::DiskEncryption => "disk encryption",
            Self::ScreenLock => "screen lock",
            Self::SecureBoot => "secure boot",
            Self::KeyStore => "key store",
            Self::AgentVersion => "Keyfold version",
        }
    }
}
