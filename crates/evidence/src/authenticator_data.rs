use ciborium::Value;

use crate::{
    Aaguid,
    cbor::{self, Members},
    public_key::{CredentialKey, CredentialKeyError},
};

/// Authenticator data (WebAuthn L3 §6.1).
#[derive(Debug, Clone, PartialEq)]
pub struct AuthenticatorData {
    /// SHA-256 of the RP id.
    pub rp_id_hash: [u8; 32],
    /// The flags.
    pub flags: Flags,
    /// How often the credential has signed; 0 where that is not counted.
    pub sign_count: u32,
    /// Of a credential that was just made.
    pub attested: Option<AttestedCredential>,
    /// The extensions' outputs: a map from names.
    pub(crate) extensions: Vec<(Value, Value)>,
}

/// Attested credential data (§6.5.1).
#[derive(Debug, Clone, PartialEq)]
pub struct AttestedCredential {
    /// The authenticator's model.
    pub aaguid: Aaguid,
    /// 1 to 1,023 bytes.
    pub credential_id: Vec<u8>,
    /// Its public key, or why it cannot be used.
    pub public_key: Result<CredentialKey, CredentialKeyError>,
}

/// The flags of authenticator data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub(crate) u8);

/// The bytes are no authenticator data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no authenticator data")]
pub struct NoAuthenticatorData;

impl Flags {
    /// UP: somebody was there.
    #[must_use]
    pub const fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// UV: it was shown who.
    #[must_use]
    pub const fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// BE: the credential may be on several devices.
    #[must_use]
    pub const fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// BS: and is, now.
    #[must_use]
    pub const fn backed_up(self) -> bool {
        self.0 & 0x10 != 0
    }

    const fn has_attested(self) -> bool {
        self.0 & 0x40 != 0
    }

    const fn has_extensions(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// The byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl AuthenticatorData {
    /// Reads authenticator data, which is all of these bytes.
    ///
    /// # Errors
    /// [`NoAuthenticatorData`]; also where BS stands without BE.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoAuthenticatorData> {
        Self::read(bytes).ok_or(NoAuthenticatorData)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (&[flags], rest) = rest.split_first_chunk::<1>()?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>()?;
        let flags = Flags(flags);
        if flags.backed_up() && !flags.backup_eligible() {
            return None;
        }
        let attested = match flags.has_attested() {
            true => {
                let (attested, after) = attested(rest)?;
                rest = after;
                Some(attested)
            }
            false => None,
        };
        let extensions = match flags.has_extensions() {
            true => {
                let (extensions, after) = cbor::split(rest)?;
                rest = after;
                extensions.into_map().ok()?
            }
            false => Vec::new(),
        };
        let sign_count = u32::from_be_bytes(*sign_count);
        rest.is_empty().then_some(Self { rp_id_hash: *rp_id_hash, flags, sign_count, attested, extensions })
    }

    /// The output of one extension.
    pub(crate) fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
    }
}

fn attested(bytes: &[u8]) -> Option<(AttestedCredential, &[u8])> {
    let (aaguid, rest) = bytes.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential_id, rest) = rest.split_at_checked(length).filter(|_| (1..=1_023).contains(&length))?;
    let (key, after) = cbor::split(rest)?;
    let cose = rest.get(..rest.len() - after.len())?;
    let public_key = CredentialKey::of(key, cose);
    Some((AttestedCredential { aaguid: Aaguid(*aaguid), credential_id: credential_id.to_vec(), public_key }, after))
}

/// An attestation object (§6.5.4).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttestationObject {
    pub(crate) format: String,
    pub(crate) statement: Value,
    pub(crate) authenticator_data: Vec<u8>,
}

impl AttestationObject {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut members = Members::of(cbor::decode(bytes)?)?;
        let object = Self {
            format: members.text("fmt")?.into_text().ok()?,
            statement: members.text("attStmt")?,
            authenticator_data: members.text("authData")?.into_bytes().ok()?,
        };
        members.end().map(|()| object)
    }
}

/// Of what a browser hands over.
const LONGEST: usize = 64 * 1_024;
