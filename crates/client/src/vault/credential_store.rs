use std::cmp::Reverse;

use keyfold_authenticator::{
    Algorithm as AuthenticatorAlgorithm, BackupEligibility, BackupState, CredRandom, CredentialId, CredentialStore,
    Label, Listing, Passkey as Credential, PrivateKey, RpId, StoreError, UnixMillis, User, UserHandle,
};
use keyfold_wire::{ItemId, MemberId};
use zeroize::Zeroizing;

use super::{Contents, UnlockedVault, VaultError, VaultItem};
use crate::item::{Algorithm, Content, FieldTag, Item, Passkey};

/// The vault as an authenticator sees it during one ceremony. What it saves is kept in memory until
/// [`UnlockedVault::keep`] makes it durable: no answer may leave the device before that.
pub struct PasskeySnapshot {
    contents: Contents,
    saved: Vec<(Credential, Vec<CredentialId>)>,
}

impl UnlockedVault {
    /// The vault for one ceremony.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn snapshot(&self) -> Result<PasskeySnapshot, VaultError> {
        self.check_created().await?;
        Ok(PasskeySnapshot { contents: self.contents().await?, saved: Vec::new() })
    }

    /// Makes what a ceremony saved durable on this device, in one step; `rp_name` is what the relying party calls itself.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is kept then, and the answer must not be given.
    pub async fn keep(&self, snapshot: PasskeySnapshot, rp_name: Option<String>) -> Result<Vec<ItemId>, VaultError> {
        let mut edits = Vec::new();
        let mut made = Vec::new();
        for (credential, replaced) in &snapshot.saved {
            let (passkey, mut names) = from_credential(credential, self.keys().id());
            names.extend(rp_name.clone().map(|name| (FieldTag::RpName, name)));
            let (id, edit) = self.new_item(&Content::from(passkey), names)?;
            made.push(id);
            edits.push((id, edit));
            let rp_id = credential.rp_id.as_str();
            for (replaced, _) in replaced.iter().filter_map(|id| snapshot.of(rp_id, id.as_bytes())) {
                edits.push(self.field_edit(&snapshot.contents, replaced.id, FieldTag::Deleted, vec![1])?);
            }
        }
        self.keep_edits(edits).await?;
        Ok(made)
    }

    /// Notes that a passkey has just signed in. It travels with other edits, or after an hour.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn record_use(
        &self,
        snapshot: &PasskeySnapshot,
        rp_id: &str,
        credential: &[u8],
    ) -> Result<(), VaultError> {
        let Some((used, _)) = snapshot.of(rp_id, credential) else { return Err(VaultError::NotFound) };
        let now = self.local().clock().now().to_be_bytes().to_vec();
        let edit = self.field_edit(&snapshot.contents, used.id, FieldTag::LastUsed, now)?;
        self.keep_edits(vec![edit]).await
    }
}

impl PasskeySnapshot {
    /// A relying party's own: another's may have the same credential id.
    fn of(&self, rp_id: &str, credential: &[u8]) -> Option<(&VaultItem, &Passkey)> {
        let mut passkeys = self.contents.passkeys();
        passkeys.find(|(_, passkey)| passkey.rp_id == rp_id && passkey.credential_id == credential)
    }
}

impl CredentialStore for PasskeySnapshot {
    fn find(&self, rp_id: &RpId, only: Option<&[CredentialId]>) -> Result<Vec<Listing>, StoreError> {
        let mut found: Vec<Listing> = self
            .contents
            .passkeys()
            .filter(|(_, passkey)| passkey.rp_id == rp_id.as_str())
            .filter_map(|(item, passkey)| listing(&item.item, passkey))
            .filter(|listing| only.is_none_or(|only| only.contains(&listing.credential_id)))
            .collect();
        found.sort_by_key(|listing| Reverse(listing.created_at));
        Ok(found)
    }

    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Credential>, StoreError> {
        let found = self.of(rp_id.as_str(), id.as_bytes());
        found.map(|(item, passkey)| to_credential(&item.item, passkey).ok_or(StoreError::Unavailable)).transpose()
    }

    fn save(&mut self, passkey: &Credential, replaces: &[CredentialId]) -> Result<(), StoreError> {
        self.saved.push((passkey.clone(), replaces.to_vec()));
        Ok(())
    }

    fn backup_state(&self, rp_id: &RpId, id: &CredentialId) -> Result<BackupState, StoreError> {
        let backed_up = self.of(rp_id.as_str(), id.as_bytes()).is_some_and(|(item, _)| item.backed_up);
        Ok(if backed_up { BackupState::BackedUp } else { BackupState::NotBackedUp })
    }
}

fn listing(item: &Item, passkey: &Passkey) -> Option<Listing> {
    Some(Listing {
        credential_id: CredentialId::try_from(passkey.credential_id.as_slice()).ok()?,
        user: user(item, passkey)?,
        created_at: UnixMillis(passkey.created_at),
    })
}

fn user(item: &Item, passkey: &Passkey) -> Option<User> {
    let label = |tag| item.fields.field(tag).map(|_| Label::clipped(item.fields.text(tag)));
    Some(User {
        handle: UserHandle::try_from(passkey.user_handle.as_slice()).ok()?,
        name: label(FieldTag::UserName),
        display_name: label(FieldTag::UserDisplayName),
    })
}

fn to_credential(item: &Item, passkey: &Passkey) -> Option<Credential> {
    let algorithm = match passkey.algorithm {
        Algorithm::Es256 => AuthenticatorAlgorithm::Es256,
        Algorithm::EdDsa => AuthenticatorAlgorithm::EdDsa,
    };
    Some(Credential {
        credential_id: CredentialId::try_from(passkey.credential_id.as_slice()).ok()?,
        rp_id: RpId::try_from(passkey.rp_id.as_str()).ok()?,
        user: user(item, passkey)?,
        private_key: PrivateKey::from_bytes(algorithm, &passkey.private_key).ok()?,
        cred_random_with_uv: CredRandom::from_bytes(&passkey.cred_random_with_uv),
        cred_random_without_uv: CredRandom::from_bytes(&passkey.cred_random_without_uv),
        created_at: UnixMillis(passkey.created_at),
        backup_eligibility: if passkey.backup_eligible {
            BackupEligibility::Eligible
        } else {
            BackupEligibility::NotEligible
        },
    })
}

fn from_credential(credential: &Credential, device: MemberId) -> (Passkey, Vec<(FieldTag, String)>) {
    let passkey = Passkey {
        rp_id: credential.rp_id.as_str().to_owned(),
        credential_id: credential.credential_id.as_bytes().to_vec(),
        user_handle: credential.user.handle.as_bytes().to_vec(),
        algorithm: match credential.private_key.algorithm() {
            AuthenticatorAlgorithm::Es256 => Algorithm::Es256,
            AuthenticatorAlgorithm::EdDsa => Algorithm::EdDsa,
        },
        private_key: Zeroizing::new(*credential.private_key.expose()),
        cred_random_with_uv: Zeroizing::new(*credential.cred_random_with_uv.expose()),
        cred_random_without_uv: Zeroizing::new(*credential.cred_random_without_uv.expose()),
        created_at: credential.created_at.0,
        created_by: device,
        backup_eligible: credential.backup_eligibility == BackupEligibility::Eligible,
        cred_blob: Zeroizing::default(),
        imported: None,
    };
    let names = [
        (FieldTag::UserName, credential.user.name.as_ref()),
        (FieldTag::UserDisplayName, credential.user.display_name.as_ref()),
    ];
    let names = names.into_iter().filter_map(|(tag, name)| Some((tag, name?.as_str().to_owned()))).collect();
    (passkey, names)
}
