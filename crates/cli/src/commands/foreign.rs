use keyfold_client::{
    ItemId,
    item::{Content, Foreign},
    vault::{UnlockedVault, VaultItem},
};
use serde::Serialize;

use super::{by_id::by_id, passkey::send};
use crate::{
    app::App,
    args::ForeignCommand,
    failure::Failure,
    terminal::{printable, rfc3339, table},
};

#[derive(Serialize)]
struct Items {
    items: Vec<ItemView>,
}

/// What may be shown of an item: nothing of what its credentials say.
#[derive(Serialize)]
struct ItemView {
    id: String,
    title: String,
    kinds: Vec<String>,
    deleted_at: Option<String>,
}

pub(crate) async fn run(app: &App, command: ForeignCommand) -> Result<(), Failure> {
    let vault = app.unlocked().await?;
    match command {
        ForeignCommand::List { deleted } => {
            list(app, &vault, |item| deleted || item.item.fields.deleted_at().is_none()).await
        }
        ForeignCommand::Delete { items } => {
            let mut going = Vec::new();
            for item in &items {
                let found = find(&vault, item).await?;
                app.confirm(&format!("Delete \"{}\" on all devices?", printable(&found.title)))?;
                going.push(found.item);
            }
            vault.delete(&going).await?;
            send(app, &vault).await?;
            list(app, &vault, |item| going.contains(&item.id)).await
        }
        ForeignCommand::Restore { item } => {
            let found = find(&vault, &item).await?;
            let id = vault.restore(found.item, None).await?;
            send(app, &vault).await?;
            list(app, &vault, |item| item.id == id).await
        }
    }
}

async fn list(app: &App, vault: &UnlockedVault, wanted: impl Fn(&VaultItem) -> bool) -> Result<(), Failure> {
    let contents = vault.contents().await?;
    let items = contents.items.iter().filter(|item| wanted(item)).filter_map(ItemView::of).collect();
    app.out.result(&Items { items }, Items::text)
}

struct Found {
    item: ItemId,
    title: String,
}

async fn find(vault: &UnlockedVault, beginning: &str) -> Result<Found, Failure> {
    let contents = vault.contents().await?;
    let items = contents.items.iter().filter_map(|item| Some(Found { item: item.id, title: foreign(item)?.title() }));
    by_id(items, |found| found.item, beginning, ("foreign item", "foreign items", "foreign"))
}

fn foreign(item: &VaultItem) -> Option<&Foreign> {
    match &item.item.content {
        Content::Foreign(foreign) if foreign.from.item.is_some() => Some(foreign),
        Content::Foreign(_) | Content::Passkey(_) | Content::Export(_) => None,
    }
}

impl ItemView {
    fn of(item: &VaultItem) -> Option<Self> {
        let foreign = foreign(item)?;
        Some(Self {
            id: item.id.to_string(),
            title: foreign.title(),
            kinds: foreign.kinds(),
            deleted_at: item.item.fields.deleted_at().map(rfc3339),
        })
    }
}

impl Items {
    fn text(&self) -> String {
        let rows = self.items.iter().map(|item| {
            let state = if item.deleted_at.is_some() { "deleted" } else { "" };
            [&item.id, &item.title, &item.kinds.join(", "), state].map(str::to_owned)
        });
        table(["ID", "TITLE", "HOLDS", ""], rows)
    }
}
