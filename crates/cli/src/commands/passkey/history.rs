use keyfold_client::{
    ItemId,
    item::FieldTag,
    vault::{Held, PastItem, UnlockedVault, VaultError},
};
use serde::Serialize;

use crate::{
    failure::Failure,
    terminal::{rfc3339, table},
};

#[derive(Serialize)]
pub(super) struct History {
    passkey: String,
    rp_id: String,
    /// Newest first.
    revisions: Vec<Revision>,
}

#[derive(Serialize)]
struct Revision {
    revision: u64,
    at: String,
    author: Option<String>,
    author_name: Option<String>,
    user_name: String,
    user_display_name: String,
    rp_name: String,
    label: String,
    deleted: bool,
}

impl History {
    pub(super) async fn of(vault: &UnlockedVault, id: ItemId) -> Result<Self, Failure> {
        let item = vault.passkey(id).await?.item;
        let rp_id = item.passkey().ok_or(VaultError::NotFound)?.rp_id.clone();
        let held = vault.local().held().await?;
        let revisions = vault.history(id).await?;
        Ok(Self {
            passkey: id.to_string(),
            rp_id,
            revisions: revisions.iter().map(|past| Revision::of(past, &held)).collect(),
        })
    }

    pub(super) fn text(&self) -> String {
        let rows = self.revisions.iter().map(|past| {
            let author = past.author_name.as_deref().unwrap_or("before this device joined");
            let name = if past.label.is_empty() { &past.user_name } else { &past.label };
            let state = if past.deleted { "deleted" } else { "" };
            [&past.revision.to_string(), &past.at, author, name, state].map(str::to_owned)
        });
        format!(
            "Passkey {} for {}\n{}",
            self.passkey,
            self.rp_id,
            table(["REVISION", "WRITTEN", "BY", "ACCOUNT", ""], rows)
        )
    }
}

impl Revision {
    fn of(past: &PastItem, held: &Held) -> Self {
        let fields = &past.item.fields;
        let text = |tag| fields.text(tag).to_owned();
        Self {
            revision: past.revision,
            at: rfc3339(past.at),
            author: past.author.map(|author| author.to_string()),
            author_name: past.author.map(|author| held.name_of(&author)),
            user_name: text(FieldTag::UserName),
            user_display_name: text(FieldTag::UserDisplayName),
            rp_name: text(FieldTag::RpName),
            label: text(FieldTag::Label),
            deleted: fields.deleted_at().is_some(),
        }
    }
}
