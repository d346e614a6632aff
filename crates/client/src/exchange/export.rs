use keyfold_ledger::{MAX_ITEMS, Vault};
use keyfold_wire::{AccountId, ItemId};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::{
    import::Planned,
    sealed,
    write::{Document, Writer},
};
use crate::{
    device::Passphrase,
    evidence::queue_export,
    item::{Content, ExportRecord, FieldTag},
    storage::Fault,
    vault::{Contents, Origin, UnlockedVault, VaultError},
};

/// What an export holds, and what it leaves out.
#[derive(Debug, Default)]
pub struct ExportPlan {
    /// The passkeys.
    pub passkeys: Vec<Planned>,
    /// How many items of other programs.
    pub others: u64,
    /// What stays here.
    pub remains: Vec<Remains>,
}

/// An item that an export leaves out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remains {
    /// It is told to its relying party as bound to one device.
    #[error("the passkey {0} is bound to its device")]
    DeviceBound(ItemId),
    /// The device that wrote it made it so.
    #[error("the passkey {item} cannot be written: {reason}")]
    Broken {
        /// Which.
        item: ItemId,
        /// Why.
        reason: String,
    },
    /// No good revision of it is here.
    #[error("{item} cannot be read: {}", fault.reason)]
    Unreadable {
        /// Which.
        item: ItemId,
        /// Why.
        fault: Fault,
    },
}

/// An exported file, which is not written yet, and counts as gone.
pub struct Exported {
    /// All of it.
    pub file: Zeroizing<Vec<u8>>,
    /// What is recorded.
    pub record: ExportRecord,
    /// What it holds.
    pub plan: ExportPlan,
}

impl UnlockedVault {
    /// What an export would hold: everything that is not deleted. Nothing is changed.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn plan_export(&self) -> Result<ExportPlan, VaultError> {
        Ok(collect(&self.contents().await?, self.local().profile().account).0)
    }

    /// Makes a file of everything that is not deleted, encrypted under a passphrase or else readable by everybody, and records
    /// it: durably, on this device, before anybody has the file. The next sync sends the record.
    ///
    /// # Errors
    /// [`VaultError`]: nothing was exported.
    pub async fn export(&self, passphrase: Option<&Passphrase>) -> Result<Exported, VaultError> {
        self.check_created().await?;
        self.check_room(1).await?;
        let contents = self.contents().await?;
        let (profile, at) = (self.local().profile(), self.local().clock().now());
        let (plan, document) = collect(&contents, profile.account);
        let server = Url::parse(&profile.server).ok();
        let rp_id = server.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        let text = document.write(&Writer { rp_id, at })?;
        let file = match passphrase {
            Some(passphrase) => Zeroizing::new(sealed::seal(text.as_bytes(), passphrase)?),
            None => Zeroizing::new(text.as_bytes().to_vec()),
        };
        let record = ExportRecord {
            account: profile.account,
            device: self.keys().id(),
            at,
            passkeys: u64::try_from(plan.passkeys.len()).unwrap_or(u64::MAX),
            others: plan.others,
            file_hash: Sha256::digest(file.as_slice()).into(),
            encrypted: passphrase.is_some(),
        };
        let signed = record.sign(&self.keys().author.signing);
        // What tenants will be told is kept before anybody has the file: of one that is not made after all as well.
        let held = self.local().held().await?;
        self.change_tenants(|records| {
            queue_export(records, held.roster.tenants(), signed.message());
            Ok(())
        })
        .await?;
        let (id, edit) = self.new_item(&Content::Export(signed), [])?;
        self.keep_edits(vec![(id, edit)]).await?;
        Ok(Exported { file, record, plan })
    }

    /// Refuses more new items than the vault can hold: one too many, and nothing at all could be sent any more.
    pub(super) async fn check_room(&self, new: usize) -> Result<(), VaultError> {
        let held = self.local().held().await?;
        let unsent = self.contents().await?.items.iter().filter(|item| item.origin == Origin::Unsent).count();
        let new = u64::try_from(unsent.saturating_add(new)).unwrap_or(u64::MAX);
        let count = held.vault.as_ref().map_or(0, Vault::count).saturating_add(new);
        if count <= MAX_ITEMS { Ok(()) } else { Err(VaultError::Full) }
    }
}

fn collect(contents: &Contents, account: AccountId) -> (ExportPlan, Document<'_>) {
    let (mut plan, mut document) = (ExportPlan::default(), Document::default());
    for item in contents.live() {
        match &item.item.content {
            Content::Passkey(passkey) if passkey.backup_eligible() => match document.passkey(account, item, passkey) {
                Ok(()) => plan.passkeys.push(Planned {
                    id: item.id,
                    rp_id: passkey.rp_id.clone(),
                    user_name: item.item.fields.text(FieldTag::UserName).to_owned(),
                }),
                Err(error) => plan.remains.push(Remains::Broken { item: item.id, reason: error.to_string() }),
            },
            Content::Passkey(_) => plan.remains.push(Remains::DeviceBound(item.id)),
            Content::Foreign(foreign) => {
                plan.others += u64::from(foreign.from.item.is_some());
                document.foreign(item, foreign);
            }
            Content::Export(_) => {}
        }
    }
    for item in contents.items.iter().filter(|item| item.item.fields.deleted_at().is_some()) {
        if let Content::Foreign(foreign) = &item.item.content {
            document.deleted_foreign(foreign);
        }
    }
    let unreadable = contents.unreadable.iter();
    plan.remains.extend(unreadable.map(|item| Remains::Unreadable { item: item.id, fault: item.fault.clone() }));
    (plan, document)
}
