use keyfold_authenticator::Passkey as Credential;
use keyfold_crypto::exact;
use keyfold_wire::v1;
use prost::Message;
use zeroize::Zeroizing;

use super::{
    UnlockedVault, VaultError,
    device_records::{open, seal},
    stored::Stored,
};
use crate::{
    item::{Passkey, Secrets},
    storage::{AuthenticatorRecord, StorageError},
};

/// The keys of the passkeys that are bound to this device. The vault knows of those passkeys, and has not their keys.
#[derive(Default)]
pub(super) struct BoundKeys(v1::BoundKeys);

impl BoundKeys {
    /// As they are kept, sealed under the device's secrets.
    pub(super) fn read(vault: &UnlockedVault, stored: &Stored) -> Result<Self, VaultError> {
        opened(vault, stored.bound_keys.as_deref())
    }

    /// What a passkey signs with, if that is here.
    pub(super) fn of(&self, passkey: &Passkey) -> Option<Secrets> {
        let of_it = |key: &&v1::BoundKey| key.rp_id == passkey.rp_id && key.credential_id == passkey.credential_id;
        let key = self.0.keys.iter().find(of_it)?;
        Some(Secrets {
            private_key: Zeroizing::new(key.private_key.clone()),
            cred_random_with_uv: Zeroizing::new(key.cred_random_with_uv.as_slice().try_into().ok()?),
            cred_random_without_uv: Zeroizing::new(key.cred_random_without_uv.as_slice().try_into().ok()?),
        })
    }

    /// Whether what it signs with is here.
    pub(super) fn has(&self, passkey: &Passkey) -> bool {
        self.of(passkey).is_some()
    }
}

impl UnlockedVault {
    /// Keeps the key of a new passkey on this device, durably.
    pub(super) async fn keep_bound_key(&self, credential: &Credential) -> Result<(), VaultError> {
        let new = v1::BoundKey {
            rp_id: credential.rp_id.as_str().to_owned(),
            credential_id: credential.credential_id.as_bytes().to_vec(),
            private_key: credential.private_key.expose().to_vec(),
            cred_random_with_uv: credential.cred_random_with_uv.expose().to_vec(),
            cred_random_without_uv: credential.cred_random_without_uv.expose().to_vec(),
        };
        for _ in 0..ATTEMPTS {
            let before = self.storage().authenticator_record(RECORD).await?;
            let BoundKeys(mut keys) = opened(self, before.as_deref())?;
            keys.keys.push(new.clone());
            let bytes = Zeroizing::new(keys.encode_to_vec());
            let after = Some(seal(self, RECORD, &bytes));
            if self.storage().replace_authenticator_record(RECORD, before, after).await? {
                return Ok(());
            }
        }
        Err(StorageError::Busy.into())
    }
}

fn opened(vault: &UnlockedVault, sealed: Option<&[u8]>) -> Result<BoundKeys, VaultError> {
    let Some(sealed) = sealed else { return Ok(BoundKeys(v1::BoundKeys { version: VERSION, keys: Vec::new() })) };
    let bytes = open(vault, RECORD, sealed)?;
    let keys = exact::decode::<v1::BoundKeys>(&bytes, usize::MAX).ok();
    let keys = keys.filter(|keys| keys.version == VERSION);
    keys.map(BoundKeys)
        .ok_or_else(|| VaultError::Damaged("the keys that are bound to this device cannot be read".to_owned()))
}

const RECORD: AuthenticatorRecord = AuthenticatorRecord::BoundKeys;
const VERSION: u32 = 1;
/// Each lost one is another process's change.
const ATTEMPTS: usize = 16;
