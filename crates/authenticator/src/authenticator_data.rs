//! Authenticator data (WebAuthn §6.1): what an authenticator signs about itself and the ceremony.

use std::ops::BitOr;

use ciborium::Value;

use crate::{Aaguid, BackupEligibility, BackupState, CtapError, PublicKey, RpId, cbor};

/// The signed statement, before it is laid out in bytes.
pub(crate) struct AuthenticatorData<'a> {
    pub(crate) rp_id: &'a RpId,
    /// UP, UV, BE and BS; AT and ED follow from the rest.
    pub(crate) flags: Flags,
    pub(crate) attested: Option<AttestedCredential<'a>>,
    /// A map from extension identifier to output.
    pub(crate) extensions: Option<Value>,
}

/// The new credential, in the answer to makeCredential only.
pub(crate) struct AttestedCredential<'a> {
    pub(crate) aaguid: Aaguid,
    /// Up to 1023 bytes (WebAuthn §5.8.3).
    pub(crate) credential_id: &'a [u8],
    pub(crate) public_key: &'a PublicKey,
}

impl AuthenticatorData<'_> {
    /// rpIdHash (32) ‖ flags (1) ‖ signCount (4, always 0) ‖ [AAGUID (16) ‖ length (2, big-endian)
    /// ‖ credential id ‖ COSE key] ‖ [extensions in canonical CBOR].
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CtapError> {
        let mut flags = self.flags;
        let mut tail = Vec::new();
        if let Some(attested) = &self.attested {
            flags = flags | Flags::AT;
            attested.encode_to(&mut tail)?;
        }
        if let Some(extensions) = &self.extensions {
            flags = flags | Flags::ED;
            tail.extend(cbor::encode(extensions)?);
        }
        Ok([self.rp_id.hash().as_slice(), &[flags.0], &SIGN_COUNT, &tail].concat())
    }
}

impl AttestedCredential<'_> {
    fn encode_to(&self, bytes: &mut Vec<u8>) -> Result<(), CtapError> {
        if self.credential_id.len() > MAX_CREDENTIAL_ID {
            return Err(CtapError::LimitExceeded);
        }
        let length = u16::try_from(self.credential_id.len()).map_err(|_| CtapError::LimitExceeded)?;
        bytes.extend(self.aaguid.as_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(self.credential_id);
        bytes.extend(self.public_key.to_cose());
        Ok(())
    }
}

/// The flags byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const NONE: Flags = Flags(0x00);
    pub(crate) const UP: Flags = Flags(0x01);
    pub(crate) const UV: Flags = Flags(0x04);
    const BE: Flags = Flags(0x08);
    const BS: Flags = Flags(0x10);
    const AT: Flags = Flags(0x40);
    const ED: Flags = Flags(0x80);

    /// The byte of authenticator data with these flags, extensions, and no new credential.
    pub(crate) const fn with_extensions(self) -> u8 {
        self.0 | Flags::ED.0
    }

    /// BE and BS. A credential that may not be backed up never claims to be.
    pub(crate) fn backup(eligibility: BackupEligibility, state: BackupState) -> Flags {
        match (eligibility, state) {
            (BackupEligibility::NotEligible, _) => Flags::NONE,
            (BackupEligibility::Eligible, BackupState::NotBackedUp) => Flags::BE,
            (BackupEligibility::Eligible, BackupState::BackedUp) => Flags::BE | Flags::BS,
        }
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// A counter can't be kept in step across devices, so it stays 0 (WebAuthn §6.1.1).
const SIGN_COUNT: [u8; 4] = [0; 4];
const MAX_CREDENTIAL_ID: usize = 1023;
