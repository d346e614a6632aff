mod view;

use std::time::Duration;

use keyfold_client::{
    ItemId,
    item::FieldTag,
    vault::{UnlockedVault, VaultItem},
};

pub(super) use self::view::{PasskeyView, Passkeys};
use super::by_id::by_id;
use crate::{app::App, args::PasskeyCommand, failure::Failure};

pub(crate) async fn run(app: &App, command: PasskeyCommand) -> Result<(), Failure> {
    let vault = app.unlocked().await?;
    match command {
        PasskeyCommand::List { deleted, exposed, rp } => {
            let before = if exposed { vault.local().held().await?.last_removal().unwrap_or(0) } else { u64::MAX };
            list(app, &vault, |item| {
                (deleted || item.item.fields.deleted_at().is_none())
                    && item.item.passkey.created_at <= before
                    && rp.as_deref().is_none_or(|rp| item.item.passkey.rp_id == rp)
            })
            .await
        }
        PasskeyCommand::Show { passkey } => {
            let id = find(&vault, &passkey).await?;
            show(app, &vault, id).await
        }
        PasskeyCommand::Rename { passkey, name } => {
            let id = find(&vault, &passkey).await?;
            vault.set(id, FieldTag::Label, name.into_bytes()).await?;
            send(app, &vault).await?;
            show(app, &vault, id).await
        }
        PasskeyCommand::Delete { passkey } => {
            let id = find(&vault, &passkey).await?;
            let item = vault.passkey(id).await?;
            app.confirm(&format!("Delete the passkey for {} on all devices?", item.item.passkey.rp_id))?;
            vault.set(id, FieldTag::Deleted, vec![1]).await?;
            send(app, &vault).await?;
            show(app, &vault, id).await
        }
    }
}

async fn list(app: &App, vault: &UnlockedVault, wanted: impl Fn(&VaultItem) -> bool) -> Result<(), Failure> {
    let contents = vault.contents().await?;
    let passkeys = contents.items.iter().filter(|item| wanted(item)).map(PasskeyView::of).collect();
    let passkeys = Passkeys::new(passkeys, &contents.unreadable);
    app.out.result(&passkeys, Passkeys::text)
}

async fn show(app: &App, vault: &UnlockedVault, id: ItemId) -> Result<(), Failure> {
    let item = vault.passkey(id).await?;
    let view = PasskeyView::of(&item);
    app.out.result(&view, PasskeyView::text)
}

async fn find(vault: &UnlockedVault, beginning: &str) -> Result<ItemId, Failure> {
    let items = vault.contents().await?.items;
    by_id(items, |found| found.id, beginning, ("passkey", "passkeys")).map(|found| found.id)
}

/// The edit is durable here; that it cannot be sent now, or soon, is no failure.
pub(super) async fn send(app: &App, vault: &UnlockedVault) -> Result<(), Failure> {
    let engine = app.engine(vault.clone())?;
    match tokio::time::timeout(PATIENCE, engine.sync()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => super::sync::later(&error),
        Err(_) => super::sync::later(&"the server takes too long"),
    }
    Ok(())
}

/// A long pull belongs to `keyfold sync`.
const PATIENCE: Duration = Duration::from_secs(20);
