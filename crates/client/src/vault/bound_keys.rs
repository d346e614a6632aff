use keyfold_authenticator::Passkey as Credential;
use keyfold_wire::v1;
use zeroize::Zeroizing;

use super::{UnlockedVault, VaultError, sealed_record::SealedRecord, stored::Stored};
use crate::{
    item::{Passkey, Secrets},
    storage::AuthenticatorRecord,
};

/// The keys of the passkeys that are bound to this device. The vault knows of those passkeys, and has not their keys.
#[derive(Default)]
pub(super) struct BoundKeys(v1::BoundKeys);

impl BoundKeys {
    /// As they are kept, sealed under the device's secrets.
    pub(super) fn read(vault: &UnlockedVault, stored: &Stored) -> Result<Self, VaultError> {
        vault.opened(stored.bound_keys.as_deref()).map(Self)
    }

    /// What a passkey signs with, if that is here.
    pub(super) fn of(&self, passkey: &Passkey) -> Option<Secrets> {
        let key = self.find(passkey)?;
        Some(Secrets {
            private_key: Zeroizing::new(key.private_key.clone()),
            cred_random_with_uv: Zeroizing::new(key.cred_random_with_uv.as_slice().try_into().ok()?),
            cred_random_without_uv: Zeroizing::new(key.cred_random_without_uv.as_slice().try_into().ok()?),
        })
    }

    /// Whether what it signs with is here.
    pub(super) fn has(&self, passkey: &Passkey) -> bool {
        self.find(passkey).is_some()
    }

    fn find(&self, passkey: &Passkey) -> Option<&v1::BoundKey> {
        let of_it = |key: &&v1::BoundKey| key.rp_id == passkey.rp_id && key.credential_id == passkey.credential_id;
        self.0.keys.iter().find(of_it)
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
        let keep = |keys: &mut v1::BoundKeys| {
            keys.keys.push(new.clone());
            Ok(())
        };
        self.change_record(keep).await
    }
}

impl SealedRecord for v1::BoundKeys {
    const RECORD: AuthenticatorRecord = AuthenticatorRecord::BoundKeys;
    const UNREADABLE: &'static str = "the keys that are bound to this device cannot be read";

    fn version(&mut self) -> &mut u32 {
        &mut self.version
    }
}
