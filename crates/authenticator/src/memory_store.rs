use std::cmp::Reverse;

use crate::{
    AllowList, BackupState, CredentialId, CredentialStore, DeviceMemory, DeviceState, Label, LargeBlob, Listing,
    Passkey, RelyingParty, RpId, StoreError, User,
};

/// A [`CredentialStore`] in memory, for demonstrations and tests: what it holds ends with it,
/// so by itself it never claims that a passkey is backed up, and a reset leaves nothing.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    passkeys: Vec<(Passkey, Option<Label>)>,
    backup_state: BackupState,
    device: DeviceState,
    large_blobs: Vec<(CredentialId, LargeBlob)>,
    foreign_blobs: Vec<u8>,
}

impl MemoryStore {
    /// A store whose every passkey is said to be in this backup state.
    pub fn reporting(backup_state: BackupState) -> Self {
        let (passkeys, large_blobs, foreign_blobs) = (Vec::new(), Vec::new(), Vec::new());
        MemoryStore { passkeys, backup_state, device: DeviceState::default(), large_blobs, foreign_blobs }
    }

    /// Every passkey in it, in the order of creation.
    pub fn passkeys(&self) -> Vec<&Passkey> {
        self.passkeys.iter().map(|(passkey, _)| passkey).collect()
    }

    /// The state after the device was without power.
    pub fn power_cycle(&mut self) {
        self.device = std::mem::take(&mut self.device).power_cycled();
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
            .map(|(passkey, _)| passkey)
            .filter(|passkey| passkey.rp_id == *rp_id)
            .filter(|passkey| only.is_none_or(|ids| ids.contains(&passkey.credential_id)))
            .map(Listing::from)
            .collect();
        found.sort_by_key(|listing| Reverse(listing.created_at));
        Ok(found)
    }

    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let is_it = |(passkey, _): &&(Passkey, _)| passkey.rp_id == *rp_id && passkey.credential_id == *id;
        Ok(self.passkeys.iter().find(is_it).map(|(passkey, _)| passkey.clone()))
    }

    fn save(
        &mut self,
        passkey: &Passkey,
        rp_name: Option<&Label>,
        replaces: &[CredentialId],
    ) -> Result<(), StoreError> {
        if self.room()? == 0 && replaces.is_empty() {
            return Err(StoreError::Full);
        }
        self.passkeys.retain(|(held, _)| !replaces.contains(&held.credential_id));
        self.passkeys.push((passkey.clone(), rp_name.cloned()));
        Ok(())
    }

    fn backup_state(&self, _rp_id: &RpId, _id: &CredentialId) -> Result<BackupState, StoreError> {
        Ok(self.backup_state)
    }

    fn used(&mut self, _rp_id: &RpId, _id: &CredentialId, _allow: &AllowList) {}

    fn inventory(&self) -> Result<Vec<(RelyingParty, Listing)>, StoreError> {
        let entry = |(passkey, name): &(Passkey, Option<Label>)| {
            (RelyingParty { id: passkey.rp_id.clone(), name: name.clone() }, Listing::from(passkey))
        };
        Ok(self.passkeys.iter().map(entry).collect())
    }

    fn delete(&mut self, rp_id: &RpId, id: &CredentialId) -> Result<(), StoreError> {
        self.passkeys.retain(|(passkey, _)| passkey.rp_id != *rp_id || passkey.credential_id != *id);
        Ok(())
    }

    fn rename(&mut self, rp_id: &RpId, id: &CredentialId, user: &User) -> Result<(), StoreError> {
        let is_it = |passkey: &Passkey| passkey.rp_id == *rp_id && passkey.credential_id == *id;
        for (passkey, _) in self.passkeys.iter_mut().filter(|(passkey, _)| is_it(passkey)) {
            passkey.user = user.clone();
        }
        Ok(())
    }

    fn room(&self) -> Result<u32, StoreError> {
        Ok(u32::try_from(CAPACITY.saturating_sub(self.passkeys.len())).unwrap_or(u32::MAX))
    }

    fn large_blob(&self, _rp_id: &RpId, id: &CredentialId) -> Result<Option<LargeBlob>, StoreError> {
        Ok(self.large_blobs.iter().find(|(of, _)| of == id).map(|(_, blob)| blob.clone()))
    }

    fn set_large_blob(&mut self, _rp_id: &RpId, id: &CredentialId, blob: Option<&LargeBlob>) -> Result<(), StoreError> {
        self.large_blobs.retain(|(of, _)| of != id);
        self.large_blobs.extend(blob.map(|blob| (id.clone(), blob.clone())));
        Ok(())
    }

    fn foreign_blobs(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.foreign_blobs.clone())
    }

    fn set_foreign_blobs(&mut self, array: &[u8]) -> Result<(), StoreError> {
        self.foreign_blobs = array.to_vec();
        Ok(())
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        *self = MemoryStore::reporting(self.backup_state);
        Ok(())
    }
}

impl DeviceMemory for MemoryStore {
    fn device(&self) -> Result<DeviceState, StoreError> {
        Ok(self.device.clone())
    }

    fn set_device(&mut self, state: &DeviceState) -> Result<(), StoreError> {
        self.device = state.clone();
        Ok(())
    }
}

const CAPACITY: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Script, example_passkey};

    #[test]
    fn a_passkey_is_found_for_its_own_site_only() {
        let passkey = example_passkey(&mut Script::endless());
        let mut store = MemoryStore::default();
        store.save(&passkey, None, &[]).unwrap();
        let elsewhere = RpId::try_from("example.com").unwrap();
        assert!(store.load(&passkey.rp_id, &passkey.credential_id).unwrap().is_some());
        assert!(store.load(&elsewhere, &passkey.credential_id).unwrap().is_none());
        assert_eq!(store.find(&passkey.rp_id, None).unwrap().len(), 1);
        assert!(store.find(&elsewhere, None).unwrap().is_empty());
        assert!(store.find(&passkey.rp_id, Some(&[])).unwrap().is_empty());
    }
}
