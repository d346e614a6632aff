use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a passkey's private key may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// On each of its user's devices, end-to-end encrypted on the way: BE=1.
    Synced,
    /// On the device that made it, for good: BE=0.
    DeviceBound,
}

/// What protects a device-bound key, or the vault that a synced one lies in, from whoever has the device's software in hand.
/// Each is better than those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Nothing: software keeps it.
    Software,
    /// A trusted execution environment.
    Tee,
    /// A TPM 2.0.
    Tpm,
    /// A secure element: StrongBox, or Apple's Secure Enclave.
    SecureElement,
}

/// How the device stood to its tenant's rules when its leaf was issued. Others get no leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compliance {
    /// It keeps all of them.
    Compliant,
    /// It breaks one, and has some time left to mend that.
    InGracePeriod,
}

/// An authenticator attestation GUID: the 16 bytes that name a model in authenticator data, never a device.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aaguid(pub [u8; 16]);

impl Class {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Synced, Self::DeviceBound];

    /// By which relying parties know Keyfold's passkeys of this class.
    #[must_use]
    pub const fn aaguid(self) -> Aaguid {
        Aaguid(match self {
            Self::Synced => *b"\x54\xea\xe4\x11\xf8\x73\x4e\xa4\x92\x49\xc1\x7e\x89\xdd\x22\x12",
            Self::DeviceBound => *b"\xdf\x55\xf6\x50\x55\x27\x46\xbd\x99\x95\x85\x6d\x98\x3e\xd7\x37",
        })
    }

    /// The class that an AAGUID names, if it is one of Keyfold's.
    #[must_use]
    pub fn of(aaguid: Aaguid) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.aaguid() == aaguid)
    }

    /// The BE flag of each such passkey.
    #[must_use]
    pub const fn is_backup_eligible(self) -> bool {
        matches!(self, Self::Synced)
    }

    /// As it is written in certificates and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::DeviceBound => "device-bound",
        }
    }
}

impl Protection {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Software, Self::Tee, Self::Tpm, Self::SecureElement];

    /// As it is written in certificates and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Tee => "tee",
            Self::Tpm => "tpm",
            Self::SecureElement => "secure-element",
        }
    }
}

impl Compliance {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Compliant, Self::InGracePeriod];

    /// As it is written in certificates and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::InGracePeriod => "in-grace-period",
        }
    }
}

impl fmt::Display for Aaguid {
    /// The hyphenated lower-case form of RFC 9562.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = data_encoding::HEXLOWER.encode(&self.0);
        let mut from = 0;
        for (position, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if position > 0 {
                f.write_str("-")?;
            }
            f.write_str(hex.get(from..from + length).unwrap_or_default())?;
            from += length;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aaguid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aaguid_is_written_as_a_uuid_and_names_its_class() {
        assert_eq!(Class::Synced.aaguid().to_string(), "54eae411-f873-4ea4-9249-c17e89dd2212");
        for class in Class::ALL {
            assert_eq!(Class::of(class.aaguid()), Some(class));
            // RFC 9562: drawn at random (version 4), of its variant.
            let uuid = class.aaguid().to_string();
            assert_eq!(uuid.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&uuid.as_bytes()[19]));
        }
        assert_eq!(Class::of(Aaguid([0; 16])), None);
    }

    #[test]
    fn what_is_written_in_certificates_is_what_is_written_in_json() {
        let json = |value: serde_json::Result<String>| value.unwrap().trim_matches('"').to_owned();
        for class in Class::ALL {
            assert_eq!(json(serde_json::to_string(&class)), class.name());
        }
        for protection in Protection::ALL {
            assert_eq!(json(serde_json::to_string(&protection)), protection.name());
        }
        for compliance in Compliance::ALL {
            assert_eq!(json(serde_json::to_string(&compliance)), compliance.name());
        }
    }
}
