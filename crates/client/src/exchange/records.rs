use crate::{
    item::{Content, ExportRecord},
    vault::{UnlockedVault, VaultError},
};

/// Every export that a device of the account recorded, newest first.
#[derive(Debug, Default)]
pub struct Exports(pub Vec<ExportOf>);

/// An export, and whether its record can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOf {
    /// What the record says.
    pub record: ExportRecord,
    /// What people call the device that it names.
    pub device_name: String,
    /// Whether that device, now or once a member, signed it for this account.
    pub is_signed: bool,
}

impl UnlockedVault {
    /// The exports of this account that are recorded. A device that keeps one to itself cannot be made to tell.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn exports(&self) -> Result<Exports, VaultError> {
        let held = self.local().held().await?;
        let contents = self.contents().await?;
        let records = contents.items.iter().filter_map(|item| match &item.item.content {
            Content::Export(export) => Some(export),
            Content::Passkey(_) | Content::Foreign(_) => None,
        });
        let mut exports: Vec<ExportOf> = records
            .map(|export| {
                let record = *export.record();
                let key = held.roster.signing_key(&record.device);
                let is_signed =
                    record.account == held.roster.account() && key.is_some_and(|key| export.is_signed_by(key));
                ExportOf { record, device_name: held.name_of(&record.device), is_signed }
            })
            .collect();
        // Whoever says again what another device signed says nothing.
        exports.sort_by_key(|export| {
            let record = &export.record;
            (std::cmp::Reverse(record.at), record.device, record.file_hash, export.is_signed)
        });
        exports.dedup();
        Ok(Exports(exports))
    }
}
