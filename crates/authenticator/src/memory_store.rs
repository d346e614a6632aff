use std::cmp::Reverse;

use crate::{BackupState, CredentialId, CredentialStore, Listing, Passkey, RpId, StoreError};

/// A [`CredentialStore`] in memory, for demonstrations and tests: what it holds ends with it,
/// so by itself it never claims that a passkey is backed up.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    passkeys: Vec<Passkey>,
    backup_state: BackupState,
}

impl MemoryStore {
    /// A store whose every passkey is said to be in this backup state.
    pub fn reporting(backup_state: BackupState) -> Self {
        MemoryStore { passkeys: Vec::new(), backup_state }
    }

    /// Everything in it, in the order of creation.
    pub fn passkeys(&self) -> &[Passkey] {
        &self.passkeys
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore::reporting(BackupState::NotBackedUp)
    }
}

impl CredentialStore for MemoryStore {
    fn find(&self, rp_id: &RpId, only: Option<&[CredentialId]>) -> Result<Vec<Listing>, StoreError> {
        let mut found: Vec<Listing> = self
            .passkeys
            .iter()
            .filter(|passkey| passkey.rp_id == *rp_id)
            .filter(|passkey| only.is_none_or(|ids| ids.contains(&passkey.credential_id)))
            .map(Listing::from)
            .collect();
        found.sort_by_key(|listing| Reverse(listing.created_at));
        Ok(found)
    }

    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let is_it = |passkey: &&Passkey| passkey.rp_id == *rp_id && passkey.credential_id == *id;
        Ok(self.passkeys.iter().find(is_it).cloned())
    }

    fn save(&mut self, passkey: &Passkey, replaces: &[CredentialId]) -> Result<(), StoreError> {
        self.passkeys.retain(|held| !replaces.contains(&held.credential_id));
        self.passkeys.push(passkey.clone());
        Ok(())
    }

    fn backup_state(&self, _rp_id: &RpId, _id: &CredentialId) -> Result<BackupState, StoreError> {
        Ok(self.backup_state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Script, example_passkey};

    #[test]
    fn a_passkey_is_found_for_its_own_site_only() {
        let passkey = example_passkey(&mut Script::endless());
        let mut store = MemoryStore::default();
        store.save(&passkey, &[]).unwrap();
        let elsewhere = RpId::try_from("example.com").unwrap();
        assert!(store.load(&passkey.rp_id, &passkey.credential_id).unwrap().is_some());
        assert!(store.load(&elsewhere, &passkey.credential_id).unwrap().is_none());
        assert_eq!(store.find(&passkey.rp_id, None).unwrap().len(), 1);
        assert!(store.find(&elsewhere, None).unwrap().is_empty());
        assert!(store.find(&passkey.rp_id, Some(&[])).unwrap().is_empty());
    }
}
