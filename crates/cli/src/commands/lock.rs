use keyfold_client::vault::Locked;
use serde::Serialize;

use crate::{
    app::App,
    args::{SpanOrNever, written},
    failure::Failure,
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
        // Whoever sits there may lock it sooner, and not later.
        Some(SpanOrNever::Span(span)) => app.verified().await?.local().lock_after(Some(span.0)).await?,
        Some(SpanOrNever::Never) => app.verified().await?.local().lock_after(None).await?,
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
    let local = app.local().await?;
    let status = local.status().await?;
    let name = status.devices.iter().find(|device| device.this).map_or("this device", |device| &device.name);
    let last = if status.devices.len() == 1 { " It is the account's only device: its passkeys are lost." } else { "" };
    let unsent = match status.unsent_edits {
        0 => String::new(),
        unsent => format!(" {unsent} changes that were never sent are lost."),
    };
    app.confirm(&format!(
        "Wipe \"{name}\", with its keys and its copy of every passkey, from this machine?{last}{unsent}"
    ))?;
    let lost = local.wipe(&app.keyring).await?;
    let wiped = Wiped { account: status.account.to_string(), device: status.device.to_string(), lost };
    app.out.result(&wiped, |wiped| {
        format!(
            "Wiped. The account still counts device {} in: remove it on another with `keyfold device remove`.",
            wiped.device
        )
    })
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
