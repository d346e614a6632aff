use super::authorizations::{Authorizations, Origin, RootOfTrust};
use crate::{
    Protection,
    der::{self, Der, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE},
};

/// What an Android device says of a key that it made (`KeyDescription`, the extension 1.3.6.1.4.1.11129.2.1.17): of versions 1 to 4
/// (Keymaster) and 100 and later (KeyMint).
///
/// Serial numbers, IMEI and MEID are passed over: they name a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// The version of this form.
    pub attestation_version: u64,
    /// What vouches for it.
    pub attestation_security: SecurityLevel,
    /// The version of what keeps the key.
    pub keymint_version: u64,
    /// What keeps the key.
    pub keymint_security: SecurityLevel,
    /// What whoever asked gave: at most 128 bytes.
    pub challenge: Vec<u8>,
    /// What the operating system holds the key to.
    pub software: Authorizations,
    /// What [`KeyDescription::keymint_security`] holds it to.
    pub hardware: Authorizations,
}

/// Where a part of Android runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecurityLevel {
    /// In the operating system, which vouches for nothing but itself.
    Software,
    /// In a trusted execution environment.
    TrustedEnvironment,
    /// In a secure element.
    StrongBox,
}

/// The bytes are no `KeyDescription`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no description of an Android key")]
pub struct NoKeyDescription;

impl SecurityLevel {
    /// As Keyfold names it.
    #[must_use]
    pub const fn protection(self) -> Protection {
        match self {
            Self::Software => Protection::Software,
            Self::TrustedEnvironment => Protection::Tee,
            Self::StrongBox => Protection::SecureElement,
        }
    }

    fn read(content: &[u8]) -> Option<Self> {
        match der::whole(content)? {
            0 => Some(Self::Software),
            1 => Some(Self::TrustedEnvironment),
            2 => Some(Self::StrongBox),
            _ => None,
        }
    }
}

impl KeyDescription {
    /// Reads the value of the extension, which is all of these bytes (DER).
    ///
    /// # Errors
    /// [`NoKeyDescription`].
    pub fn parse(der: &[u8]) -> Result<Self, NoKeyDescription> {
        Self::read(der).ok_or(NoKeyDescription)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut members = Der::of(der::only(bytes, SEQUENCE)?);
        let description = Self {
            attestation_version: der::whole(members.take(INTEGER)?)?,
            attestation_security: SecurityLevel::read(members.take(ENUMERATED)?)?,
            keymint_version: der::whole(members.take(INTEGER)?)?,
            keymint_security: SecurityLevel::read(members.take(ENUMERATED)?)?,
            challenge: members.take(OCTET_STRING).filter(|bytes| bytes.len() <= LONGEST_CHALLENGE)?.to_vec(),
            software: {
                let _unique_id = members.take(OCTET_STRING)?;
                Authorizations::read(members.take(SEQUENCE)?)?
            },
            hardware: Authorizations::read(members.take(SEQUENCE)?)?,
        };
        members.is_empty().then_some(description)
    }

    /// What the device booted, by who can know: the operating system's word for itself is none.
    #[must_use]
    pub const fn booted(&self) -> Option<&RootOfTrust> {
        self.hardware.root_of_trust.as_ref()
    }

    /// What keeps the key, if that vouches for itself and made it there to sign with; else software.
    #[must_use]
    pub fn protection(&self) -> Protection {
        let is_of_hardware = self.hardware.origin == Some(Origin::Generated) && self.hardware.purposes.contains(&SIGN);
        if is_of_hardware {
            self.attestation_security.min(self.keymint_security).protection()
        } else {
            Protection::Software
        }
    }
}

/// `KM_PURPOSE_SIGN`.
pub(crate) const SIGN: u64 = 2;
const LONGEST_CHALLENGE: usize = 128;
