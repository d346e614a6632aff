use serde::{Deserialize, Serialize};

use super::{Fact, Version};
use crate::{Name, UnixMillis};

/// What is known of a device. Each fact is there, and says so where it is not known.
///
/// One that a device sent becomes a posture by [`Posture::self_reported`], whatever it says of its sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Posture {
    /// When the device made its report, by its own clock.
    pub reported_at: UnixMillis,
    /// What kind of system it runs.
    pub platform: Fact<Platform>,
    /// Its system by name, such as a distribution of Linux.
    pub os_name: Fact<Name>,
    /// Its system's version, such as a release of that distribution.
    pub os_version: Fact<Version>,
    /// Whether what Keyfold writes lies encrypted on disk.
    pub disk_encryption: Fact<Setting>,
    /// Whether its screen locks by itself.
    pub screen_lock: Fact<Setting>,
    /// Whether it starts signed code only.
    pub secure_boot: Fact<Setting>,
    /// Where it keeps its own keys.
    pub key_store: Fact<KeyStore>,
    /// The version of the Keyfold that reports.
    pub agent_version: Fact<Version>,
}

/// What verified hardware evidence says of a device: what it is silent on is `None`. It belongs to the report that it came with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HardwareEvidence {
    /// The kind of system that such evidence comes from.
    pub platform: Option<Platform>,
    /// The version of the system that was started.
    pub os_version: Option<Version>,
    /// Whether it was verified as it started.
    pub secure_boot: Option<Setting>,
    /// Where the key lies that signed the evidence.
    pub key_store: Option<KeyStore>,
}

/// What kind of system a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Any distribution of Linux, but for Android.
    Linux,
    /// Windows.
    Windows,
    /// macOS.
    #[serde(rename = "macos")]
    MacOs,
    /// Android.
    Android,
    /// iOS and iPadOS.
    Ios,
}

/// Whether something is on. On is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// It is not.
    Off,
    /// It is.
    On,
}

/// Where a device keeps its keys. Each is better than those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStore {
    /// In files.
    Software,
    /// In a trusted execution environment.
    Tee,
    /// In a TPM 2.0.
    Tpm,
    /// In a secure element: StrongBox, or Apple's Secure Enclave.
    SecureElement,
}

impl Posture {
    /// A posture of which nothing is known but when it was reported.
    #[must_use]
    pub const fn unknown(reported_at: UnixMillis) -> Self {
        Self {
            reported_at,
            platform: Fact::Unknown,
            os_name: Fact::Unknown,
            os_version: Fact::Unknown,
            disk_encryption: Fact::Unknown,
            screen_lock: Fact::Unknown,
            secure_boot: Fact::Unknown,
            key_store: Fact::Unknown,
            agent_version: Fact::Unknown,
        }
    }

    /// The same, each fact as the device's own word: no device calls itself verified.
    #[must_use]
    pub fn self_reported(self) -> Self {
        Self {
            reported_at: self.reported_at,
            platform: self.platform.lowered(),
            os_name: self.os_name.lowered(),
            os_version: self.os_version.lowered(),
            disk_encryption: self.disk_encryption.lowered(),
            screen_lock: self.screen_lock.lowered(),
            secure_boot: self.secure_boot.lowered(),
            key_store: self.key_store.lowered(),
            agent_version: self.agent_version.lowered(),
        }
    }

    /// The same, with what hardware has proven in place of what the device says.
    #[must_use]
    pub fn verified_by(self, evidence: HardwareEvidence) -> Self {
        Self {
            platform: self.platform.or_verified(evidence.platform),
            os_version: self.os_version.or_verified(evidence.os_version),
            secure_boot: self.secure_boot.or_verified(evidence.secure_boot),
            key_store: self.key_store.or_verified(evidence.key_store),
            ..self
        }
    }
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Linux, Self::Windows, Self::MacOs, Self::Android, Self::Ios];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
            Self::MacOs => "macOS",
            Self::Android => "Android",
            Self::Ios => "iOS",
        }
    }
}

impl KeyStore {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Software, Self::Tee, Self::Tpm, Self::SecureElement];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Tee => "a trusted execution environment",
            Self::Tpm => "a TPM",
            Self::SecureElement => "a secure element",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::Source;

    #[test]
    fn no_device_calls_itself_verified() {
        let mut posture = Posture::unknown(UnixMillis(1));
        posture.key_store = Fact::hardware_verified(KeyStore::SecureElement);
        posture.secure_boot = Fact::hardware_verified(Setting::On);
        let posture = posture.self_reported();
        assert_eq!(posture.key_store, Fact::self_reported(KeyStore::SecureElement));
        assert_eq!(posture.secure_boot, Fact::self_reported(Setting::On));
        assert_eq!(posture.screen_lock, Fact::Unknown);
    }

    #[test]
    fn hardware_knows_better_than_the_device() {
        let mut posture = Posture::unknown(UnixMillis(1));
        posture.key_store = Fact::self_reported(KeyStore::SecureElement);
        posture.disk_encryption = Fact::self_reported(Setting::On);
        let evidence = HardwareEvidence { key_store: Some(KeyStore::Tee), ..HardwareEvidence::default() };
        let posture = posture.verified_by(evidence);
        assert_eq!(posture.key_store, Fact::hardware_verified(KeyStore::Tee));
        assert_eq!(posture.disk_encryption, Fact::self_reported(Setting::On));
        assert_eq!(posture.secure_boot, Fact::Unknown);
    }

    #[test]
    fn a_posture_has_one_form_in_json() {
        let mut posture = Posture::unknown(UnixMillis(7));
        posture.platform = Fact::Known { value: Platform::MacOs, source: Source::SelfReported };
        posture.os_version = Fact::hardware_verified("14.2".parse().unwrap());
        let json = serde_json::json!({
            "reported-at": 7,
            "platform": {"known": {"value": "macos", "source": "self-reported"}},
            "os-name": "unknown",
            "os-version": {"known": {"value": "14.2", "source": "hardware-verified"}},
            "disk-encryption": "unknown",
            "screen-lock": "unknown",
            "secure-boot": "unknown",
            "key-store": "unknown",
            "agent-version": "unknown",
        });
        assert_eq!(serde_json::to_value(&posture).unwrap(), json);
        assert_eq!(serde_json::from_value::<Posture>(json.clone()).unwrap(), posture);

        let mut silent = json.clone();
        silent.as_object_mut().unwrap().remove("screen-lock");
        assert!(serde_json::from_value::<Posture>(silent).is_err());
        let mut more = json.clone();
        more["rooted"] = "unknown".into();
        assert!(serde_json::from_value::<Posture>(more).is_err());
        let mut more = json;
        more["platform"]["known"]["by"] = "me".into();
        assert!(serde_json::from_value::<Posture>(more).is_err());
    }
}
