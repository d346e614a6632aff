use keyfold_client::storage::Condition;
use serde::Serialize;

use super::{device::Device, lock::reason, proof::base32, recovery::warn};
use crate::{
    app::App,
    failure::Failure,
    terminal::{printable, rfc3339},
};

#[derive(Serialize)]
struct Status {
    account: String,
    device: String,
    server: String,
    /// What a fork proof is verified with, in lower-case base32.
    log_key: String,
    condition: &'static str,
    roster_seq: u64,
    vault_seq: u64,
    items: u64,
    unsent_edits: u64,
    quarantined: usize,
    /// Why nothing but the passphrase opens it.
    locked: Option<&'static str>,
    /// Passkeys that are still under an earlier epoch's key.
    to_reencrypt: u64,
    stopped: Option<Stopped>,
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Stopped {
    code: String,
    detail: String,
    at: String,
}

pub(crate) async fn run(app: &App) -> Result<(), Failure> {
    let local = app.local().await?;
    let (status, locked) = (local.status().await?, local.locked().await?);
    warn(status.recovery.as_ref());
    let name = status.devices.iter().find(|device| device.this).map(|device| device.name.clone());
    let status = Status {
        account: status.account.to_string(),
        device: status.device.to_string(),
        server: status.server,
        log_key: base32(&status.log_key),
        condition: match status.condition {
            Condition::Creating => "creating",
            Condition::Enrolling => "enrolling",
            Condition::Recovering => "recovering",
            Condition::Joining => "joining",
            Condition::Active => "active",
        },
        roster_seq: status.roster_seq,
        vault_seq: status.vault_seq,
        items: status.items,
        unsent_edits: status.unsent_edits,
        quarantined: status.quarantined,
        locked: locked.map(reason),
        to_reencrypt: status.to_reencrypt,
        stopped: status.stopped.map(|stop| Stopped { code: stop.code, detail: stop.detail, at: rfc3339(stop.at) }),
        devices: status.devices.iter().map(Device::from).collect(),
    };
    app.out.result(&status, |status| text(status, &name.unwrap_or_default()))
}

fn text(status: &Status, name: &str) -> String {
    let mut lines = vec![
        format!("Account       {}", status.account),
        format!("Server        {}", status.server),
        format!("This device   {} ({})", printable(name), status.device),
        format!("Devices       {}", status.devices.len()),
        format!("Items         {} in the vault, {} edits to send", status.items, status.unsent_edits),
        format!("History       roster entry {}, commit {}", status.roster_seq, status.vault_seq),
    ];
    if status.condition != "active" {
        lines.push(format!("Condition     {}: run the command that began it, or `keyfold sync`", status.condition));
    }
    if status.quarantined > 0 {
        lines.push(format!("Quarantined   {}: see `keyfold passkey list`", status.quarantined));
    }
    if status.to_reencrypt > 0 {
        lines.push(format!("Old epoch     {} items: `keyfold sync` encrypts them anew", status.to_reencrypt));
    }
    if let Some(locked) = status.locked {
        lines.push(format!("Locked        {locked}: `keyfold unlock`"));
    }
    if let Some(stop) = &status.stopped {
        lines.push(format!("Sync stopped  {} (since {})", printable(&stop.detail), stop.at));
    }
    lines.join("\n")
}
