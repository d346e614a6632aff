use std::{cmp::Reverse, collections::BTreeSet};

use keyfold_authenticator::{
    AllowList, BackupEligibility, BackupState, CredRandom, CredentialId, CredentialStore, DeviceMemory, DeviceState,
    Label, LargeBlob, Listing, Passkey as Credential, PrivateKey, RelyingParty, RpId, StoreError, UnixMillis, User,
    UserHandle, Witness,
};
use keyfold_wire::{ItemId, MemberId, v1::TenantRecords};
use zeroize::Zeroizing;

use super::{
    BoundKeys, Contents, DeviceRecords, Locked, UnlockedVault, VaultError, VaultItem, stored::Stored,
    unlocked::check_created,
};
use crate::{
    evidence::{Assigned, Stating, VaultWitness},
    item::{Content, FieldTag, Item, Key, Passkey, Protection, Secrets},
    storage::StorageError,
};

/// The vault as an authenticator sees it during one request. What it changes is kept in memory until
/// [`UnlockedVault::keep`] makes it durable: no answer may leave the device before that. Only the state of the device
/// itself, such as the count of attempts at the PIN, is durable at once.
pub struct PasskeySnapshot {
    contents: Contents,
    bound_keys: BoundKeys,
    device: DeviceRecords,
    changes: Vec<Change>,
    replaces: Replaces,
    witness: VaultWitness,
}

/// When what a new passkey replaces is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaces {
    /// As it is made: whoever asked for it has it with the answer.
    AtOnce,
    /// As its site names it and those no more: nobody tells whether a page ever got it, nor whether its site took it.
    OnceKnown,
}

/// What a request changed.
enum Change {
    New {
        credential: Box<Credential>,
        rp_name: Option<Label>,
        replaces: Vec<ItemId>,
    },
    Deleted(ItemId),
    /// What a passkey replaces that its site has named without this one.
    Replaced {
        by: ItemId,
        item: ItemId,
    },
    Field(ItemId, FieldTag, Vec<u8>),
    ForeignBlobs(Vec<u8>),
}

impl UnlockedVault {
    /// The vault for one request, in which the device's own state is only read.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn snapshot(&self) -> Result<PasskeySnapshot, VaultError> {
        self.snapshot_of(&*self.local().stored().await?)
    }

    /// The same, where somebody may have locked it since it was opened, or nobody has used it for a while.
    ///
    /// # Errors
    /// [`VaultError::Locked`], and any other [`VaultError`].
    pub async fn snapshot_unless_locked(&self) -> Result<PasskeySnapshot, VaultError> {
        self.snapshot_of(&*self.local().stored_unless_locked().await?)
    }

    fn snapshot_of(&self, stored: &Stored) -> Result<PasskeySnapshot, VaultError> {
        self.snapshot_with(stored, DeviceRecords::read(self, stored)?)
    }

    pub(super) fn snapshot_with(&self, stored: &Stored, device: DeviceRecords) -> Result<PasskeySnapshot, VaultError> {
        check_created(stored.condition)?;
        Ok(PasskeySnapshot {
            contents: self.contents_of(stored)?,
            bound_keys: BoundKeys::read(self, stored)?,
            device,
            changes: Vec::new(),
            replaces: Replaces::AtOnce,
            witness: VaultWitness::new(
                self.tenants_of(stored)?,
                keyfold_evidence::UnixMillis(self.local().clock().now()),
            ),
        })
    }

    /// Makes what a request changed durable on this device, in one step; the passkeys that it made. The snapshot is empty then.
    ///
    /// # Errors
    /// [`VaultError`]; nothing is kept then, and the answer must not be given.
    pub async fn keep(&self, snapshot: &mut PasskeySnapshot) -> Result<Vec<ItemId>, VaultError> {
        // Somebody may have locked it while the user was asked; that it was idle meanwhile means nothing.
        if let Some(locked @ Locked::OnRequest) = self.local().locked().await? {
            snapshot.forget();
            return Err(VaultError::Locked(locked));
        }
        // First: a statement of a passkey that is not kept harms nobody, and a key that is given away is not given again.
        self.keep_given(snapshot.witness.take()).await?;
        let (contents, changes) = (std::mem::take(&mut snapshot.contents), std::mem::take(&mut snapshot.changes));
        let (mut edits, mut made, mut foreign) = (Vec::new(), Vec::new(), None);
        for change in changes {
            match change {
                Change::New { credential, rp_name, replaces } => {
                    // First: a key without its passkey harms nobody, and a passkey without its key is lost.
                    if credential.backup_eligibility == BackupEligibility::NotEligible {
                        self.keep_bound_key(&credential).await?;
                    }
                    let (passkey, mut values) = from_credential(&credential, self.keys().id());
                    values.extend(rp_name.map(|name| (FieldTag::RpName, name.as_str().into())));
                    match snapshot.replaces {
                        Replaces::AtOnce => {
                            for replaced in replaces {
                                edits.push(self.field_edit(&contents, replaced, FieldTag::Deleted, vec![1])?);
                            }
                        }
                        Replaces::OnceKnown if replaces.is_empty() => {}
                        Replaces::OnceKnown => {
                            let ids = replaces.iter().take(FieldTag::MOST_REPLACED).map(|id| *id.as_bytes());
                            values.push((FieldTag::Replaces, ids.collect::<Vec<_>>().concat()));
                        }
                    }
                    let (id, edit) = self.new_item(&Content::from(passkey), values)?;
                    made.push(id);
                    edits.push((id, edit));
                }
                Change::Replaced { by, item } => {
                    if replaces(&contents, by, item) {
                        edits.push(self.field_edit(&contents, item, FieldTag::Deleted, vec![1])?);
                    }
                }
                Change::Deleted(id) => edits.push(self.field_edit(&contents, id, FieldTag::Deleted, vec![1])?),
                Change::Field(id, tag, value) => edits.push(self.field_edit(&contents, id, tag, value)?),
                Change::ForeignBlobs(array) => foreign = Some(array),
            }
        }
        if !edits.is_empty() {
            self.keep_edits(edits).await?;
        }
        if let Some(array) = foreign {
            snapshot.device.keep_foreign_blobs(self, &array).await?;
        }
        Ok(made)
    }
}

impl UnlockedVault {
    /// Makes durable what a ceremony gave away of this device's evidence.
    async fn keep_given(&self, (assigned, stated): (Vec<Assigned>, Vec<Stating>)) -> Result<(), VaultError> {
        if assigned.is_empty() && stated.is_empty() {
            return Ok(());
        }
        let keep = |records: &mut TenantRecords| {
            for assigned in &assigned {
                // Another process has given it to another relying party: nobody may see it at both.
                if !assigned.apply(records) {
                    return Err(StorageError::Busy.into());
                }
            }
            stated.iter().for_each(|stated| stated.apply(records));
            Ok(())
        };
        self.change_tenants(keep).await
    }
}

impl PasskeySnapshot {
    /// The vault as it is now.
    pub(super) fn renew(&mut self, contents: Contents) {
        self.contents = contents;
    }

    /// Forgets the vault's passkeys, and what was changed.
    pub(super) fn forget(&mut self) {
        self.contents = Contents::default();
        self.bound_keys = BoundKeys::default();
        self.changes.clear();
    }

    /// What a new passkey replaces goes later.
    pub(super) fn replaces(mut self, when: Replaces) -> Self {
        self.replaces = when;
        self
    }

    /// Whether nothing but uses was changed: what may be lost without harm, for the next use says it again.
    pub(super) fn says_only_that_it_was_used(&self) -> bool {
        !self.witness.has_given()
            && self.changes.iter().all(|change| match change {
                Change::Field(_, tag, _) => matches!(tag, FieldTag::LastUsed | FieldTag::Replaces),
                Change::Replaced { .. } => true,
                Change::New { .. } | Change::Deleted(_) | Change::ForeignBlobs(_) => false,
            })
    }

    /// Those that sign in on this device: not what is bound to another.
    fn here(&self) -> impl Iterator<Item = (&VaultItem, &Passkey)> {
        let passkeys = self.contents.usable();
        passkeys.filter(|(_, passkey)| passkey.backup_eligible() || self.bound_keys.has(passkey))
    }

    /// A relying party's own: another's may have the same credential id.
    fn of(&self, rp_id: &str, credential: &[u8]) -> Option<(&VaultItem, &Passkey)> {
        let mut passkeys = self.here();
        passkeys.find(|(_, passkey)| passkey.rp_id == rp_id && passkey.credential_id == credential)
    }

    fn item(&self, rp_id: &RpId, id: &CredentialId) -> Option<ItemId> {
        self.of(rp_id.as_str(), id.as_bytes()).map(|(item, _)| item.id)
    }
}

impl CredentialStore for PasskeySnapshot {
    fn find(&self, rp_id: &RpId, only: Option<&[CredentialId]>) -> Result<Vec<Listing>, StoreError> {
        let mut found: Vec<Listing> = self
            .here()
            .filter(|(_, passkey)| passkey.rp_id == rp_id.as_str())
            .filter_map(|(item, passkey)| listing(&item.item, passkey))
            .filter(|listing| only.is_none_or(|only| only.contains(&listing.credential_id)))
            .collect();
        found.sort_by_key(|listing| Reverse(listing.created_at));
        Ok(found)
    }

    fn load(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<Credential>, StoreError> {
        let found = self.of(rp_id.as_str(), id.as_bytes());
        let credential = |(item, passkey): (&VaultItem, &Passkey)| {
            let bound = self.bound_keys.of(passkey);
            to_credential(&item.item, passkey, passkey.secrets().or(bound.as_ref())?)
        };
        found.map(|found| credential(found).ok_or(StoreError::Unavailable)).transpose()
    }

    fn save(
        &mut self,
        passkey: &Credential,
        rp_name: Option<&Label>,
        replaces: &[CredentialId],
    ) -> Result<(), StoreError> {
        let makes_room = self.replaces == Replaces::AtOnce && !replaces.is_empty();
        if self.room()? == 0 && !makes_room {
            return Err(StoreError::Full);
        }
        let replaces = replaces.iter().filter_map(|id| self.item(&passkey.rp_id, id)).collect();
        let credential = Box::new(passkey.clone());
        self.changes.push(Change::New { credential, rp_name: rp_name.cloned(), replaces });
        Ok(())
    }

    fn backup_state(&self, rp_id: &RpId, id: &CredentialId) -> Result<BackupState, StoreError> {
        let backed_up = self.of(rp_id.as_str(), id.as_bytes()).is_some_and(|(item, _)| item.backed_up);
        Ok(if backed_up { BackupState::BackedUp } else { BackupState::NotBackedUp })
    }

    /// When it was travels with other edits, or after its six hours. If the site has named this passkey, and not those that it is
    /// to replace, it knows them no more. A platform's list says nothing: it names what it has found here.
    fn used(&mut self, rp_id: &RpId, id: &CredentialId, allow: &AllowList) {
        let Some((used, passkey)) = self.of(rp_id.as_str(), id.as_bytes()) else { return };
        let now = self.device.now().to_be_bytes().to_vec();
        let mut changes = vec![Change::Field(used.id, FieldTag::LastUsed, now)];
        let replaced: BTreeSet<ItemId> = used.item.fields.replaces().collect();
        if let AllowList::Only(named) = allow
            && self.replaces == Replaces::OnceKnown
            && !replaced.is_empty()
        {
            let unnamed = self.contents.passkeys().filter(|(item, other)| {
                replaced.contains(&item.id)
                    && (&other.rp_id, &other.user_handle) == (&passkey.rp_id, &passkey.user_handle)
                    && !named.contains(&other.credential_id)
            });
            changes.extend(unnamed.map(|(item, _)| Change::Replaced { by: used.id, item: item.id }));
            changes.push(Change::Field(used.id, FieldTag::Replaces, Vec::new()));
        }
        self.changes.extend(changes);
    }

    fn inventory(&self) -> Result<Vec<(RelyingParty, Listing)>, StoreError> {
        let entry = |(item, passkey): (&VaultItem, &Passkey)| {
            let id = RpId::try_from(passkey.rp_id.as_str()).ok()?;
            Some((RelyingParty { id, name: label(&item.item, FieldTag::RpName) }, listing(&item.item, passkey)?))
        };
        Ok(self.here().filter_map(entry).collect())
    }

    fn delete(&mut self, rp_id: &RpId, id: &CredentialId) -> Result<(), StoreError> {
        self.changes.extend(self.item(rp_id, id).map(Change::Deleted));
        Ok(())
    }

    fn rename(&mut self, rp_id: &RpId, id: &CredentialId, user: &User) -> Result<(), StoreError> {
        let Some(item) = self.item(rp_id, id) else { return Ok(()) };
        for (tag, name) in [(FieldTag::UserName, &user.name), (FieldTag::UserDisplayName, &user.display_name)] {
            let name = name.as_ref().map(|name| name.as_str().as_bytes().to_vec());
            self.changes.push(Change::Field(item, tag, name.unwrap_or_default()));
        }
        Ok(())
    }

    fn room(&self) -> Result<u32, StoreError> {
        Ok(u32::try_from(CAPACITY.saturating_sub(self.contents.passkeys().count())).unwrap_or(u32::MAX))
    }

    fn large_blob(&self, rp_id: &RpId, id: &CredentialId) -> Result<Option<LargeBlob>, StoreError> {
        let Some((item, _)) = self.of(rp_id.as_str(), id.as_bytes()) else { return Ok(None) };
        let value = item.item.fields.value(FieldTag::LargeBlob).split_first_chunk();
        Ok(value.map(|(size, deflated)| LargeBlob {
            size: u64::from_be_bytes(*size),
            deflated: Zeroizing::new(deflated.to_vec()),
        }))
    }

    fn set_large_blob(&mut self, rp_id: &RpId, id: &CredentialId, blob: Option<&LargeBlob>) -> Result<(), StoreError> {
        let Some(item) = self.item(rp_id, id) else { return Ok(()) };
        let value = blob.map(|blob| [blob.size.to_be_bytes().as_slice(), &blob.deflated].concat()).unwrap_or_default();
        if !FieldTag::LargeBlob.admits(&value) {
            return Err(StoreError::Full);
        }
        self.changes.push(Change::Field(item, FieldTag::LargeBlob, value));
        Ok(())
    }

    fn foreign_blobs(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.device.foreign_blobs().to_vec())
    }

    fn set_foreign_blobs(&mut self, array: &[u8]) -> Result<(), StoreError> {
        self.changes.push(Change::ForeignBlobs(array.to_vec()));
        Ok(())
    }

    fn witness(&self) -> Option<&dyn Witness> {
        Some(&self.witness)
    }

    fn stated(&mut self, _: &RpId, statement: Vec<u8>, signature: Vec<u8>) {
        self.witness.stated(&statement, &signature);
    }

    /// What is bound to this device ends with its keys; what is synced stays.
    fn reset(&mut self) -> Result<(), StoreError> {
        self.device.forget()?;
        let bound = self.contents.passkeys().filter(|(_, passkey)| self.bound_keys.has(passkey));
        let bound: Vec<Change> = bound.map(|(item, _)| Change::Deleted(item.id)).collect();
        self.changes.extend(bound);
        self.bound_keys = BoundKeys::default();
        Ok(())
    }
}

impl DeviceMemory for PasskeySnapshot {
    fn device(&self) -> Result<DeviceState, StoreError> {
        self.device.device()
    }

    fn set_device(&mut self, state: &DeviceState) -> Result<(), StoreError> {
        self.device.set_device(state)
    }
}

/// Whether one that is there is to replace another that is.
fn replaces(contents: &Contents, by: ItemId, item: ItemId) -> bool {
    let live = |id: ItemId| contents.live().find(|live| live.id == id);
    live(by).is_some_and(|by| by.item.fields.replaces().any(|replaced| replaced == item)) && live(item).is_some()
}

fn listing(item: &Item, passkey: &Passkey) -> Option<Listing> {
    Some(Listing {
        credential_id: CredentialId::try_from(passkey.credential_id.as_slice()).ok()?,
        user: user(item, passkey)?,
        created_at: UnixMillis(passkey.created_at),
        discoverability: passkey.discoverability,
        cred_protect: passkey.cred_protect,
        backup_eligibility: backup_eligibility(passkey),
    })
}

const fn backup_eligibility(passkey: &Passkey) -> BackupEligibility {
    if passkey.backup_eligible() { BackupEligibility::Eligible } else { BackupEligibility::NotEligible }
}

fn user(item: &Item, passkey: &Passkey) -> Option<User> {
    Some(User {
        handle: UserHandle::try_from(passkey.user_handle.as_slice()).ok()?,
        name: label(item, FieldTag::UserName),
        display_name: label(item, FieldTag::UserDisplayName),
    })
}

/// A name; one that was emptied is none.
fn label(item: &Item, tag: FieldTag) -> Option<Label> {
    let text = item.fields.text(tag);
    (!text.is_empty()).then(|| Label::clipped(text))
}

fn to_credential(item: &Item, passkey: &Passkey, secrets: &Secrets) -> Option<Credential> {
    Some(Credential {
        credential_id: CredentialId::try_from(passkey.credential_id.as_slice()).ok()?,
        rp_id: RpId::try_from(passkey.rp_id.as_str()).ok()?,
        user: user(item, passkey)?,
        private_key: PrivateKey::from_bytes(passkey.algorithm, &secrets.private_key).ok()?,
        cred_random_with_uv: CredRandom::from_bytes(&secrets.cred_random_with_uv),
        cred_random_without_uv: CredRandom::from_bytes(&secrets.cred_random_without_uv),
        created_at: UnixMillis(passkey.created_at),
        backup_eligibility: backup_eligibility(passkey),
        discoverability: passkey.discoverability,
        cred_protect: passkey.cred_protect,
        cred_blob: passkey.cred_blob.clone(),
    })
}

fn from_credential(credential: &Credential, device: MemberId) -> (Passkey, Vec<(FieldTag, Vec<u8>)>) {
    let passkey = Passkey {
        rp_id: credential.rp_id.as_str().to_owned(),
        credential_id: credential.credential_id.as_bytes().to_vec(),
        user_handle: credential.user.handle.as_bytes().to_vec(),
        algorithm: credential.private_key.algorithm(),
        key: match credential.backup_eligibility {
            BackupEligibility::Eligible => Key::Synced(Secrets {
                private_key: Zeroizing::new(credential.private_key.expose().to_vec()),
                cred_random_with_uv: Zeroizing::new(*credential.cred_random_with_uv.expose()),
                cred_random_without_uv: Zeroizing::new(*credential.cred_random_without_uv.expose()),
            }),
            BackupEligibility::NotEligible => Key::Bound(Protection::Software),
        },
        created_at: credential.created_at.0,
        created_by: device,
        cred_blob: credential.cred_blob.clone(),
        imported: None,
        cred_protect: credential.cred_protect,
        discoverability: credential.discoverability,
    };
    let names = [
        (FieldTag::UserName, credential.user.name.as_ref()),
        (FieldTag::UserDisplayName, credential.user.display_name.as_ref()),
    ];
    let names = names.into_iter().filter_map(|(tag, name)| Some((tag, name?.as_str().into()))).collect();
    (passkey, names)
}

/// So many passkeys a vault is meant for.
const CAPACITY: usize = 10_000;
