mod history;
mod view;

use std::time::Duration;

use keyfold_client::{
    ItemId,
    item::{FieldTag, Passkey},
    vault::{MassDeletion, UnlockedVault, VaultError, VaultItem},
};

use self::history::History;
pub(super) use self::view::{PasskeyView, Passkeys};
use super::by_id::by_id;
use crate::{app::App, args::PasskeyCommand, failure::Failure, terminal::printable};

pub(crate) async fn run(app: &App, command: PasskeyCommand) -> Result<(), Failure> {
    let vault = app.unlocked().await?;
    match command {
        PasskeyCommand::List { deleted, exposed, rp } => {
            let before = if exposed { vault.local().held().await?.last_removal().unwrap_or(0) } else { u64::MAX };
            list(app, &vault, |item, passkey| {
                (deleted || item.item.fields.deleted_at().is_none())
                    && passkey.created_at <= before
                    && rp.as_deref().is_none_or(|rp| passkey.rp_id == rp)
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
        PasskeyCommand::Delete { passkeys, most_of_the_vault } => {
            delete(app, &vault, &passkeys, most_of_the_vault).await
        }
        PasskeyCommand::History { passkey } => {
            let id = find(&vault, &passkey).await?;
            let history = History::of(&vault, id).await?;
            app.out.result(&history, History::text)
        }
        PasskeyCommand::Restore { passkey, revision } => {
            let id = find(&vault, &passkey).await?;
            let id = vault.restore(id, revision).await?;
            send(app, &vault).await?;
            show(app, &vault, id).await
        }
    }
}

async fn delete(app: &App, vault: &UnlockedVault, passkeys: &[String], most_of_the_vault: bool) -> Result<(), Failure> {
    let mut going = Vec::new();
    for passkey in passkeys {
        let id = find(vault, passkey).await?;
        if !going.contains(&id) {
            going.push(id);
        }
    }
    for id in &going {
        let item = vault.passkey(*id).await?.item;
        let rp_id = &item.passkey().ok_or(VaultError::NotFound)?.rp_id;
        let name = printable(item.fields.text(FieldTag::UserName));
        app.confirm(&format!("Delete the passkey of \"{name}\" for {rp_id} on all devices?"))?;
    }
    if let Some(MassDeletion { deleted, of }) = vault.mass_deletion(&going).await?.filter(|_| !most_of_the_vault) {
        app.confirm_again(
            &format!("With that {deleted} of {of} passkeys are gone within a day. Type {deleted} to go on:"),
            &deleted.to_string(),
            "--most-of-the-vault",
        )?;
    }
    vault.delete(&going).await?;
    send(app, vault).await?;
    match going.as_slice() {
        [id] => show(app, vault, *id).await,
        _ => list(app, vault, |item, _| going.contains(&item.id)).await,
    }
}

async fn list(app: &App, vault: &UnlockedVault, wanted: impl Fn(&VaultItem, &Passkey) -> bool) -> Result<(), Failure> {
    let contents = vault.contents().await?;
    let is_wanted = |item: &&VaultItem| item.item.passkey().is_some_and(|passkey| wanted(item, passkey));
    let passkeys = contents.items.iter().filter(is_wanted).filter_map(PasskeyView::of).collect();
    let passkeys = Passkeys::new(passkeys, &contents.unreadable);
    app.out.result(&passkeys, Passkeys::text)
}

async fn show(app: &App, vault: &UnlockedVault, id: ItemId) -> Result<(), Failure> {
    let item = vault.passkey(id).await?;
    let view = PasskeyView::of(&item).ok_or(VaultError::NotFound)?;
    app.out.result(&view, PasskeyView::text)
}

async fn find(vault: &UnlockedVault, beginning: &str) -> Result<ItemId, Failure> {
    let items = vault.contents().await?.items;
    let passkeys = items.into_iter().filter(|item| item.item.passkey().is_some());
    by_id(passkeys, |found| found.id, beginning, ("passkey", "passkeys", "passkey")).map(|found| found.id)
}

/// The edit is durable here; that it cannot be sent now, or soon, is no failure.
pub(super) async fn send(app: &App, vault: &UnlockedVault) -> Result<(), Failure> {
    let engine = app.engine(vault.clone())?;
    match tokio::time::timeout(PATIENCE, engine.send_edits()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => super::sync::later(&error),
        Err(_) => super::sync::later(&"the server takes too long"),
    }
    Ok(())
}

/// A long pull belongs to `keyfold sync`.
const PATIENCE: Duration = Duration::from_secs(20);
