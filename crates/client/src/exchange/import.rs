use std::collections::{HashMap, HashSet};

use keyfold_crypto::{Hash, Namespace, random};
use keyfold_wire::{AccountId, ItemId};

use super::{
    Exchange,
    passkey::ReadPasskey,
    read::{Importer, LeftOut, Setback},
};
use crate::{
    item::{Content, ExchangeId, FieldTag, Fields, Foreign, Passkey, Secrets},
    vault::{Contents, UnlockedVault, VaultError, restored},
};

/// What an import comes to.
#[derive(Debug, Default)]
pub struct ImportPlan {
    /// Passkeys that are new here, or were deleted.
    pub passkeys: Vec<Planned>,
    /// How many other items are kept for the next export.
    pub others: u64,
    /// The titles of earlier ones whose place they take, and which are deleted.
    pub replaced: Vec<String>,
    /// How many passkeys and other items are here already. Nothing about them is changed.
    pub present: u64,
    /// What cannot be used, or not kept.
    pub left_out: Vec<LeftOut>,
    new: Vec<(ItemId, Content, Fields)>,
    undeleted: Vec<ItemId>,
    gone: Vec<ItemId>,
}

/// A passkey that comes or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its item in the vault.
    pub id: ItemId,
    /// Its relying party.
    pub rp_id: String,
    /// The account there.
    pub user_name: String,
}

impl UnlockedVault {
    /// Who reads a file for this vault.
    #[must_use]
    pub fn importer(&self) -> Importer {
        Importer { device: self.keys().id(), at: self.local().clock().now() }
    }

    /// What an import would come to. Nothing is changed.
    ///
    /// # Errors
    /// [`VaultError::Full`].
    pub async fn plan_import(&self, exchange: &Exchange) -> Result<ImportPlan, VaultError> {
        let contents = self.contents().await?;
        let taken = self.storage().items().await?.into_iter().map(|stored| stored.element.item);
        let taken = taken.chain(contents.items.iter().map(|item| item.id)).collect();
        let mut plan = ImportPlan { left_out: exchange.left_out.clone(), ..ImportPlan::default() };
        let mut here = Here::of(&contents, taken);
        for read in &exchange.passkeys {
            self.plan_passkey(&mut plan, &mut here, read)?;
        }
        for document in &exchange.documents {
            self.plan_document(&mut plan, &mut here, document);
        }
        self.check_room(plan.new.len()).await?;
        Ok(plan)
    }

    /// Keeps what a file brings, durably, on this device and in one step; the next sync sends it. Twice is as good as once, also
    /// on two devices.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn import(&self, exchange: &Exchange) -> Result<ImportPlan, VaultError> {
        // Whoever imports the same at this moment is waited for.
        let step = self.storage().step().await?;
        let plan = self.plan_import(exchange).await?;
        let contents = self.contents().await?;
        let mut edits: Vec<(ItemId, Vec<u8>)> =
            plan.new.iter().map(|(id, content, fields)| (*id, self.new_edit(*id, content, fields))).collect();
        let deleted = plan.gone.iter().map(|id| (*id, 1)).chain(plan.undeleted.iter().map(|id| (*id, 0)));
        for (id, value) in deleted {
            edits.push(self.field_edit(&contents, id, FieldTag::Deleted, vec![value])?);
        }
        self.keep_edits(edits).await?;
        drop(step);
        Ok(plan)
    }

    fn plan_passkey<'a>(
        &self,
        plan: &mut ImportPlan,
        here: &mut Here<'a>,
        read: &'a ReadPasskey,
    ) -> Result<(), VaultError> {
        let mut fields = Fields::default();
        for (tag, value) in &read.fields {
            self.set_field(&mut fields, *tag, value.clone())?;
        }
        let (rp_id, user_name) = (read.passkey.rp_id.clone(), fields.text(FieldTag::UserName).to_owned());
        let credential = read.passkey.credential_id.as_slice();
        if let Some(present) = here.passkeys.get(credential) {
            if is_same(present, read) {
                plan.present += 1;
            } else {
                plan.left_out.push(LeftOut { title: rp_id, why: Setback::Conflict });
            }
            return Ok(());
        }
        here.passkeys.insert(credential, &read.passkey);
        let deleted = here.deleted_passkeys.get(credential).filter(|(_, passkey)| is_same(passkey, read));
        let id = if let Some((id, _)) = deleted {
            plan.undeleted.push(*id);
            *id
        } else {
            let id = here.free(self.local().profile().account, &read.passkey);
            plan.new.push((id, Content::from(read.passkey.clone()), fields));
            id
        };
        plan.passkeys.push(Planned { id, rp_id, user_name });
        Ok(())
    }

    fn plan_document<'a>(&self, plan: &mut ImportPlan, here: &mut Here<'a>, document: &'a Foreign) {
        // What is said of this account itself, an export says anyway.
        if document.from.item.is_none() && document.from.account == self.local().profile().account.as_bytes() {
            return;
        }
        let counts = u64::from(document.from.item.is_some());
        let earlier = here.documents.get(&document.from).cloned().unwrap_or_default();
        if earlier.iter().any(|(_, present)| *present == document) {
            plan.present += counts;
            return;
        }
        for (id, replaced) in earlier {
            plan.gone.push(id);
            plan.replaced.push(replaced.title());
        }
        plan.others += counts;
        if let Some(deleted) = here.deleted_documents.get(&(&document.from, document.document.as_str())) {
            plan.undeleted.push(*deleted);
        } else {
            let id = ItemId::new(random::bytes(&mut random::system()));
            plan.new.push((id, Content::Foreign(document.clone()), Fields::default()));
        }
    }
}

/// What is in the vault before an import.
#[derive(Default)]
struct Here<'a> {
    /// Live passkeys by credential id, and those that come.
    passkeys: HashMap<&'a [u8], &'a Passkey>,
    documents: HashMap<&'a ExchangeId, Vec<(ItemId, &'a Foreign)>>,
    deleted_passkeys: HashMap<&'a [u8], (ItemId, &'a Passkey)>,
    deleted_documents: HashMap<(&'a ExchangeId, &'a str), ItemId>,
    /// Ids that stand for something.
    taken: HashSet<ItemId>,
}

impl<'a> Here<'a> {
    fn of(contents: &'a Contents, taken: HashSet<ItemId>) -> Self {
        let mut here = Self { taken, ..Self::default() };
        for item in contents.items.iter().filter(|item| !item.is_purged) {
            match (&item.item.content, item.item.fields.deleted_at()) {
                (Content::Passkey(passkey), None) => drop(here.passkeys.insert(&passkey.credential_id, passkey)),
                (Content::Passkey(passkey), Some(_)) => {
                    here.deleted_passkeys.insert(&passkey.credential_id, (item.id, passkey));
                }
                (Content::Foreign(foreign), None) => {
                    here.documents.entry(&foreign.from).or_default().push((item.id, foreign));
                }
                (Content::Foreign(foreign), Some(_)) => {
                    here.deleted_documents.insert((&foreign.from, &foreign.document), item.id);
                }
                (Content::Export(_), _) => {}
            }
        }
        here
    }

    /// The id of a passkey that is imported: the same on every device that does so, for what two of them bring is one. Nobody
    /// without its private key can tell it.
    fn free(&mut self, account: AccountId, passkey: &Passkey) -> ItemId {
        // What a file brings has its key with it.
        let key = passkey.secrets().map(|secrets| secrets.private_key.as_slice()).unwrap_or_default();
        let parts = [account.as_bytes(), key, &passkey.credential_id];
        let hash = Hash::of(Namespace::ImportedItem, &parts);
        let mut id = ItemId::new(std::array::from_fn(|place| hash.as_bytes().get(place).copied().unwrap_or_default()));
        while !self.taken.insert(id) {
            id = restored(id);
        }
        id
    }
}

/// Whether it signs in as that one does, and its PRF gives the same.
fn is_same(present: &Passkey, read: &ReadPasskey) -> bool {
    let (Some(here), Some(there)) = (present.secrets(), read.passkey.secrets()) else { return false };
    let prf = |secrets: &Secrets| (secrets.cred_random_with_uv.clone(), secrets.cred_random_without_uv.clone());
    present.rp_id == read.passkey.rp_id
        && present.credential_id == read.passkey.credential_id
        && present.algorithm == read.passkey.algorithm
        && here.private_key == there.private_key
        && present.user_handle == read.passkey.user_handle
        && (!read.has_prf || prf(here) == prf(there))
}
