use std::fmt;

use keyfold_authenticator::{Algorithm, CredProtect, Discoverability};
use keyfold_wire::{MemberId, v1};
use zeroize::Zeroizing;

use super::{Imported, ItemError};

/// The credential source: what never changes once it is made. Secrets zeroize on drop, and it prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The relying party, 1 to 253 printable ASCII characters.
    pub rp_id: String,
    /// 16 to 64 bytes.
    pub credential_id: Vec<u8>,
    /// 1 to 64 bytes.
    pub user_handle: Vec<u8>,
    /// How it signs.
    pub algorithm: Algorithm,
    /// What it signs with, or where that is.
    pub key: Key,
    /// Unix milliseconds.
    pub created_at: u64,
    /// The device that made it.
    pub created_by: MemberId,
    /// CTAP credBlob, at most [`Self::MAX_BLOB`] bytes; empty for none.
    pub cred_blob: Zeroizing<Vec<u8>>,
    /// Where it comes from, if it was imported.
    pub imported: Option<Imported>,
    /// When it may be found and used without user verification.
    pub cred_protect: CredProtect,
    /// Whether it is found without its id.
    pub discoverability: Discoverability,
}

/// Where the key of a passkey is.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// In the vault, so on each device.
    Synced(Secrets),
    /// On the device that made it and nowhere else. The vault knows of the passkey only.
    Bound(Protection),
}

/// What a passkey signs with. Zeroized on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// As [`keyfold_authenticator::PrivateKey`] has it.
    pub private_key: Zeroizing<Vec<u8>>,
    /// The key of the PRF for ceremonies with user verification.
    pub cred_random_with_uv: Zeroizing<[u8; 32]>,
    /// The key of the PRF for ceremonies without user verification.
    pub cred_random_without_uv: Zeroizing<[u8; 32]>,
}

/// What keeps the key of a passkey on its device, as that device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing but its storage, sealed under its secrets: whoever copies both has it.
    Software,
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passkey(..)")
    }
}

impl Passkey {
    /// The most bytes of a credBlob.
    pub const MAX_BLOB: usize = 1_024;

    /// BE, as it was told to the relying party: whether it is in the vault.
    #[must_use]
    pub const fn backup_eligible(&self) -> bool {
        matches!(self.key, Key::Synced(_))
    }

    /// What it signs with; none of one that is bound to a device.
    #[must_use]
    pub const fn secrets(&self) -> Option<&Secrets> {
        match &self.key {
            Key::Synced(secrets) => Some(secrets),
            Key::Bound(_) => None,
        }
    }

    pub(super) fn to_wire(&self) -> v1::Passkey {
        let secret = |of: fn(&Secrets) -> &[u8]| self.secrets().map(|secrets| of(secrets).to_vec()).unwrap_or_default();
        v1::Passkey {
            rp_id: self.rp_id.clone(),
            credential_id: self.credential_id.clone(),
            user_handle: self.user_handle.clone(),
            // All of them are small.
            algorithm: i32::try_from(self.algorithm.cose_id()).unwrap_or_default(),
            private_key: secret(|secrets| &secrets.private_key),
            cred_random_with_uv: secret(|secrets| secrets.cred_random_with_uv.as_slice()),
            cred_random_without_uv: secret(|secrets| secrets.cred_random_without_uv.as_slice()),
            created_at: self.created_at,
            created_by: self.created_by.to_vec(),
            backup_eligible: self.backup_eligible(),
            cred_blob: self.cred_blob.to_vec(),
            imported: self.imported.as_ref().map(Imported::to_wire),
            cred_protect: match self.cred_protect {
                CredProtect::VerificationOptional => 0,
                policy => policy.level().into(),
            },
            server_side: self.discoverability == Discoverability::ServerSide,
            bound_by: match &self.key {
                Key::Synced(_) => v1::KeyProtection::Unspecified,
                Key::Bound(Protection::Software) => v1::KeyProtection::Software,
            }
            .into(),
        }
    }

    /// The message wipes its secrets itself.
    pub(super) fn from_wire(mut passkey: v1::Passkey) -> Result<Self, ItemError> {
        let read = Self {
            algorithm: Algorithm::from_cose_id(passkey.algorithm.into()).ok_or(ItemError::Passkey("algorithm"))?,
            key: Key::from_wire(&mut passkey)?,
            created_at: passkey.created_at,
            created_by: MemberId::try_from(passkey.created_by.as_slice()).map_err(|_| ItemError::Passkey("maker"))?,
            cred_blob: Zeroizing::new(std::mem::take(&mut passkey.cred_blob)),
            imported: passkey.imported.take().map(Imported::from_wire).transpose()?,
            cred_protect: match passkey.cred_protect {
                0 => CredProtect::VerificationOptional,
                2 => CredProtect::VerificationOptionalWithList,
                3 => CredProtect::VerificationRequired,
                _ => return Err(ItemError::Passkey("protection policy")),
            },
            discoverability: match passkey.server_side {
                false => Discoverability::Discoverable,
                true => Discoverability::ServerSide,
            },
            rp_id: std::mem::take(&mut passkey.rp_id),
            credential_id: std::mem::take(&mut passkey.credential_id),
            user_handle: std::mem::take(&mut passkey.user_handle),
        };
        read.check()?;
        Ok(read)
    }

    /// Whether its texts and ids are of the lengths that they may have.
    pub(crate) fn check(&self) -> Result<(), ItemError> {
        let printable = self.rp_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable || !(1..=253).contains(&self.rp_id.len()) {
            return Err(ItemError::Passkey("relying party id"));
        }
        if !(16..=64).contains(&self.credential_id.len()) {
            return Err(ItemError::Passkey("credential id"));
        }
        if !(1..=64).contains(&self.user_handle.len()) {
            return Err(ItemError::Passkey("user handle"));
        }
        let length = self.secrets().map(|secrets| secrets.private_key.len());
        if length.is_some_and(|length| length != self.algorithm.private_key_length()) {
            return Err(ItemError::Passkey("private key"));
        }
        if self.cred_blob.len() > Self::MAX_BLOB {
            return Err(ItemError::Passkey("credBlob"));
        }
        Ok(())
    }
}

impl Key {
    /// What may be backed up has its secrets with it; what may not has none, and says what keeps them.
    fn from_wire(passkey: &mut v1::Passkey) -> Result<Self, ItemError> {
        let private_key = Zeroizing::new(std::mem::take(&mut passkey.private_key));
        let (with_uv, without_uv) = (&passkey.cred_random_with_uv, &passkey.cred_random_without_uv);
        let bound_by =
            v1::KeyProtection::try_from(passkey.bound_by).map_err(|_| ItemError::Passkey("protection of its key"))?;
        match (passkey.backup_eligible, bound_by) {
            (true, v1::KeyProtection::Unspecified) => Ok(Self::Synced(Secrets {
                private_key,
                cred_random_with_uv: prf_key(with_uv)?,
                cred_random_without_uv: prf_key(without_uv)?,
            })),
            (false, v1::KeyProtection::Software)
                if private_key.is_empty() && with_uv.is_empty() && without_uv.is_empty() =>
            {
                Ok(Self::Bound(Protection::Software))
            }
            _ => Err(ItemError::Passkey("place of its key")),
        }
    }
}

fn prf_key(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, ItemError> {
    let key: &[u8; 32] = bytes.try_into().map_err(|_| ItemError::Passkey("PRF key"))?;
    Ok(Zeroizing::new(*key))
}
