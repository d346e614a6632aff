use std::collections::HashMap;

use keyfold_crypto::random;
use keyfold_ledger::MAX_ITEMS;
use keyfold_wire::ItemId;

use super::{
    Exchange,
    passkey::ReadPasskey,
    read::{Importer, LeftOut, Setback},
};
use crate::{
    item::{Content, ExchangeId, FieldTag, Fields, Foreign, Passkey},
    vault::{Contents, UnlockedVault, VaultError},
};

/// What an import comes to.
#[derive(Debug, Default)]
pub struct ImportPlan {
    /// Passkeys that are new here.
    pub passkeys: Vec<Planned>,
    /// How many other items are kept for the next export.
    pub others: u64,
    /// How many of both are here already.
    pub present: u64,
    /// What cannot be used, or not kept.
    pub left_out: Vec<LeftOut>,
    new: Vec<(ItemId, Content, Fields)>,
    replaced: Vec<ItemId>,
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
        let mut plan = ImportPlan { left_out: exchange.left_out.clone(), ..ImportPlan::default() };
        let own = self.local().profile().account;
        let mut here: HashMap<(&str, &[u8]), &Passkey> =
            contents.passkeys().map(|(_, passkey)| (names(passkey), passkey)).collect();
        for read in exchange.items.iter().flat_map(|item| &item.passkeys) {
            match here.get(&names(&read.passkey)) {
                None => {
                    here.insert(names(&read.passkey), &read.passkey);
                    self.plan_passkey(&mut plan, read)?;
                }
                Some(present) if is_same(present, read) => plan.present += 1,
                Some(_) => plan.left_out.push(LeftOut { title: read.passkey.rp_id.clone(), why: Setback::Conflict }),
            }
        }
        let kept = kept(&contents);
        for document in &exchange.documents {
            // What is said of this account itself, an export says anyway.
            let is_own = document.from.item.is_none() && document.from.account == own.as_bytes();
            let counts = u64::from(document.from.item.is_some());
            match kept.get(&document.from) {
                _ if is_own => {}
                Some((_, same)) if *same == document => plan.present += counts,
                earlier => {
                    plan.replaced.extend(earlier.map(|(id, _)| *id));
                    plan.others += counts;
                    plan.new.push((new_id(), Content::Foreign(document.clone()), Fields::default()));
                }
            }
        }
        let count = contents.items.len().saturating_add(plan.new.len());
        if u64::try_from(count).is_ok_and(|count| count <= MAX_ITEMS) { Ok(plan) } else { Err(VaultError::Full) }
    }

    /// Keeps what a file brings, durably, on this device and in one step; the next sync sends it. Twice is as good as once.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn import(&self, exchange: &Exchange) -> Result<ImportPlan, VaultError> {
        // Whoever imports the same at this moment is waited for.
        let step = self.storage().step().await?;
        let plan = self.plan_import(exchange).await?;
        let contents = self.contents().await?;
        let new = plan.new.iter().map(|(id, content, fields)| Ok((*id, self.new_edit(*id, content, fields))));
        let gone = plan.replaced.iter().map(|id| self.field_edit(&contents, *id, FieldTag::Deleted, vec![1]));
        let edits = new.chain(gone).collect::<Result<Vec<_>, VaultError>>()?;
        self.keep_edits(edits).await?;
        drop(step);
        Ok(plan)
    }

    fn plan_passkey(&self, plan: &mut ImportPlan, read: &ReadPasskey) -> Result<(), VaultError> {
        let mut fields = Fields::default();
        for (tag, value) in &read.fields {
            self.set_field(&mut fields, *tag, value.clone())?;
        }
        let (id, user_name) = (new_id(), fields.text(FieldTag::UserName).to_owned());
        plan.passkeys.push(Planned { id, rp_id: read.passkey.rp_id.clone(), user_name });
        plan.new.push((id, Content::from(read.passkey.clone()), fields));
        Ok(())
    }
}

fn names(passkey: &Passkey) -> (&str, &[u8]) {
    (&passkey.rp_id, &passkey.credential_id)
}

/// Whether it signs in as that one does, and its PRF gives the same.
fn is_same(present: &Passkey, read: &ReadPasskey) -> bool {
    let keys = |passkey: &Passkey| (passkey.cred_random_with_uv.clone(), passkey.cred_random_without_uv.clone());
    present.algorithm == read.passkey.algorithm
        && present.private_key == read.passkey.private_key
        && present.user_handle == read.passkey.user_handle
        && (!read.has_prf || keys(present) == keys(&read.passkey))
}

/// What is kept of other programs' files.
fn kept(contents: &Contents) -> HashMap<&ExchangeId, (ItemId, &Foreign)> {
    let kept = contents.live().filter_map(|item| match &item.item.content {
        Content::Foreign(foreign) => Some((&foreign.from, (item.id, foreign))),
        Content::Passkey(_) | Content::Export(_) => None,
    });
    kept.collect()
}

fn new_id() -> ItemId {
    ItemId::new(random::bytes(&mut random::system()))
}
