use std::fmt;

/// What kind of authenticator the relying party meets: its AAGUID, and whether its credentials
/// may leave the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    pub(crate) aaguid: Aaguid,
    pub(crate) backup_eligibility: BackupEligibility,
}

impl Model {
    /// Synced passkeys: end-to-end encrypted in the user's vault, on each of their devices.
    pub const SYNCED: Model = Model { aaguid: Aaguid::SYNCED, backup_eligibility: BackupEligibility::Eligible };

    /// Passkeys that never leave the device on which they were made.
    pub const DEVICE_BOUND: Model =
        Model { aaguid: Aaguid::DEVICE_BOUND, backup_eligibility: BackupEligibility::NotEligible };

    /// The AAGUID in the attested credential data.
    pub fn aaguid(&self) -> Aaguid {
        self.aaguid
    }

    /// The BE flag of every credential this model makes.
    pub fn backup_eligibility(&self) -> BackupEligibility {
        self.backup_eligibility
    }
}

/// Whether a credential may be copied to other devices: the BE flag, fixed at creation
/// (WebAuthn §6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupEligibility {
    /// BE=1, a multi-device credential.
    Eligible,
    /// BE=0, a single-device credential; its BS is always 0.
    NotEligible,
}

/// An authenticator attestation GUID: 16 bytes that name a model, never a device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Aaguid([u8; 16]);

impl Aaguid {
    /// Keyfold's synced passkeys: `54eae411-f873-4ea4-9249-c17e89dd2212`.
    ///
    /// A random version 4 UUID, drawn once. Relying parties know Keyfold by it; it never changes.
    pub const SYNCED: Aaguid =
        Aaguid([0x54, 0xea, 0xe4, 0x11, 0xf8, 0x73, 0x4e, 0xa4, 0x92, 0x49, 0xc1, 0x7e, 0x89, 0xdd, 0x22, 0x12]);

    /// Keyfold's device-bound passkeys: `df55f650-5527-46bd-9995-856d983ed737`, drawn likewise.
    pub const DEVICE_BOUND: Aaguid =
        Aaguid([0xdf, 0x55, 0xf6, 0x50, 0x55, 0x27, 0x46, 0xbd, 0x99, 0x95, 0x85, 0x6d, 0x98, 0x3e, 0xd7, 0x37]);

    /// The 16 bytes as they stand in authenticator data.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Aaguid {
    fn from(bytes: [u8; 16]) -> Self {
        Aaguid(bytes)
    }
}

impl fmt::Display for Aaguid {
    /// The hyphenated lower-case form of RFC 9562.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
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
    fn the_aaguids_are_the_published_ones() {
        assert_eq!(Aaguid::SYNCED.to_string(), "54eae411-f873-4ea4-9249-c17e89dd2212");
        assert_eq!(Aaguid::DEVICE_BOUND.to_string(), "df55f650-5527-46bd-9995-856d983ed737");
    }
}
