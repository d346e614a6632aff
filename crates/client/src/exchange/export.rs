use keyfold_wire::ItemId;
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
    item::{Content, ExportRecord, FieldTag, Fields},
    storage::Fault,
    vault::{Contents, UnlockedVault, VaultError},
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
        Ok(plan(&self.contents().await?))
    }

    /// Makes a file of everything that is not deleted, encrypted under a passphrase or else readable by everybody, and records
    /// it: durably, on this device, before anybody has the file. The next sync sends the record.
    ///
    /// # Errors
    /// [`VaultError`]: nothing was exported.
    pub async fn export(&self, passphrase: Option<&Passphrase>) -> Result<Exported, VaultError> {
        self.check_created().await?;
        let contents = self.contents().await?;
        let plan = plan(&contents);
        let (profile, at) = (self.local().profile(), self.local().clock().now());
        let server = Url::parse(&profile.server).ok();
        let rp_id = server.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
        let text = write(&contents, &Writer { account: profile.account, rp_id, at })?;
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
        let (id, edit) = self.new_item(&Content::Export(record.sign(&self.keys().author.signing)), [])?;
        self.keep_edits(vec![(id, edit)]).await?;
        Ok(Exported { file, record, plan })
    }
}

fn plan(contents: &Contents) -> ExportPlan {
    let mut plan = ExportPlan::default();
    for item in contents.live() {
        match &item.item.content {
            Content::Passkey(passkey) if passkey.backup_eligible => plan.passkeys.push(Planned {
                id: item.id,
                rp_id: passkey.rp_id.clone(),
                user_name: name(&item.item.fields),
            }),
            Content::Passkey(_) => plan.remains.push(Remains::DeviceBound(item.id)),
            Content::Foreign(foreign) => plan.others += u64::from(foreign.from.item.is_some()),
            Content::Export(_) => {}
        }
    }
    let unreadable = contents
        .unreadable
        .iter()
        .map(|unreadable| Remains::Unreadable { item: unreadable.id, fault: unreadable.fault.clone() });
    plan.remains.extend(unreadable);
    plan
}

fn write(contents: &Contents, writer: &Writer) -> Result<Zeroizing<String>, VaultError> {
    let mut document = Document::default();
    for item in contents.live() {
        match &item.item.content {
            Content::Passkey(passkey) if passkey.backup_eligible => document.passkey(writer, item, passkey),
            Content::Foreign(foreign) => document.foreign(foreign),
            Content::Passkey(_) | Content::Export(_) => {}
        }
    }
    Ok(document.write(writer)?)
}

fn name(fields: &Fields) -> String {
    fields.text(FieldTag::UserName).to_owned()
}
