use keyfold_client::vault::Locked;
use serde::Serialize;

use crate::{
    app::App,
    args::{SpanOrNever, written},
    failure::Failure,
    terminal::printable,
};

#[derive(Serialize)]
struct Lock {
    locked: bool,
    /// How long without use, such as "8h"; null for never.
    locks_after: Option<String>,
}

#[derive(Serialize)]
struct Wiped {
    account: String,
    device: String,
    /// Changes that were never sent.
    lost: u64,
}

pub(crate) async fn lock(app: &App, after: Option<SpanOrNever>) -> Result<(), Failure> {
    let local = app.local().await?;
    match after {
        None => local.lock().await?,
        // Whoever sits there may lock it, and not decide how long it stays open.
        Some(after) => app.verified().await?.local().lock_after(after.span()).await?,
    }
    tell(app).await
}

pub(crate) async fn unlock(app: &App) -> Result<(), Failure> {
    app.verified().await?;
    tell(app).await
}

async fn tell(app: &App) -> Result<(), Failure> {
    let local = app.local().await?;
    let lock = Lock { locked: local.locked().await?.is_some(), locks_after: local.locks_after().await?.map(written) };
    app.out.result(&lock, Lock::text)
}

pub(crate) async fn wipe(app: &App) -> Result<(), Failure> {
    let storage = app.storage().await?;
    app.confirm(&format!("{} from this machine, with its keys and its copy of every passkey?", what_goes(app).await))?;
    let done = keyfold_client::vault::wipe(storage.as_ref(), &app.keyring).await?;
    let wiped = Wiped { account: done.account.to_string(), device: done.device.to_string(), lost: done.unsent };
    app.out.result(&wiped, |wiped| {
        format!(
            "Wiped. Where the account still counts device {} in, remove it on another with `keyfold device remove`.",
            wiped.device
        )
    })
}

/// As far as the profile can still tell.
async fn what_goes(app: &App) -> String {
    let status = match app.local().await {
        Ok(local) => local.status().await.ok(),
        Err(_) => None,
    };
    let Some(status) = status else { return "Wipe this profile".to_owned() };
    let name = status.devices.iter().find(|device| device.this).map_or("this device", |device| &device.name);
    let mut what = String::new();
    if status.devices.len() == 1 {
        what.push_str("It is the account's only device. ");
    }
    if status.unsent_edits > 0 {
        what.push_str(&format!("{} changes that were never sent are lost. ", status.unsent_edits));
    }
    format!("{what}Wipe \"{}\"", printable(name))
}

impl Lock {
    fn text(&self) -> String {
        let state = if self.locked { "Locked: only the passphrase opens this device." } else { "Unlocked." };
        match &self.locks_after {
            Some(after) => format!("{state} It locks by itself when it is not used for {after}."),
            None => format!("{state} It never locks by itself."),
        }
    }
}

/// For the status: why nothing but the passphrase opens the device.
pub(super) const fn reason(locked: Locked) -> &'static str {
    match locked {
        Locked::OnRequest => "on request",
        Locked::Idle => "idle",
    }
}
