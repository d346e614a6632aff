use keyfold_client::{
    SigningAlgorithm,
    device::DeviceName,
    sync::{NewAccount, create_account},
};
use serde::Serialize;

use super::keyring;
use crate::{
    app::App,
    args::{AccountCommand, CreateAccount, DeviceKey},
    failure::Failure,
    terminal::{self, read_line_of_file},
};

#[derive(Serialize)]
struct Created {
    account: String,
    device: String,
    name: String,
    server: String,
    /// Whether the keyring opens it.
    keyring: bool,
}

#[derive(Serialize)]
struct Deleted {
    account: String,
}

pub(crate) async fn run(app: &App, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Create(create) => self::create(app, create).await,
        AccountCommand::Delete => delete(app).await,
    }
}

async fn create(app: &App, create: CreateAccount) -> Result<(), Failure> {
    let name = device_name(create.name.as_deref())?;
    let invite = match &create.invite_file {
        Some(path) => read_line_of_file(path)?.trim().to_owned(),
        None => String::new(),
    };
    keyring::must_be_ready(app, &create.keyring).await?;
    let trust = app.trust()?;
    let api = app.api(&create.server, &trust)?;
    let passphrase = terminal::passphrase::chosen(&app.global.passphrase)?;
    let new = NewAccount {
        name: name.clone(),
        algorithm: algorithm(create.device_key),
        passphrase,
        invite,
        ca: trust.pem().map(<[u8]>::to_vec),
    };
    let storage = app.new_storage().await?;
    let spinner = terminal::spinner("creating the account", app.out);
    let vault = create_account(storage, &api, new).await;
    spinner.finish_and_clear();
    let vault = vault?;
    let keyring = keyring::enable_if_chosen(app, &create.keyring, &vault).await;
    let profile = vault.local().profile().clone();
    let created = Created {
        account: profile.account.to_string(),
        device: profile.device.to_string(),
        name: name.to_string(),
        server: profile.server,
        keyring,
    };
    app.out.result(&created, |created| {
        format!(
            "Account {} created on {}.\nThis device is \"{}\" ({}).\nEnrol another device soon: with one device alone nothing is backed up.",
            created.account, created.server, created.name, created.device
        )
    })
}

async fn delete(app: &App) -> Result<(), Failure> {
    let vault = app.verified().await?;
    let account = vault.local().profile().account;
    let (owner, has_keyring) = (vault.local().owner(), vault.local().has_keyring().await?);
    app.confirm(&format!(
        "Delete account {account} on {} for good, with every passkey in it, for all devices?",
        vault.local().profile().server
    ))?;
    app.engine(vault)?.delete_account().await?;
    if has_keyring {
        keyring::forget(app, &owner).await;
    }
    app.out.result(&Deleted { account: account.to_string() }, |deleted| {
        format!("Account {} is deleted, on the server and in this profile.", deleted.account)
    })
}

pub(super) const fn algorithm(key: DeviceKey) -> SigningAlgorithm {
    match key {
        DeviceKey::Ed25519 => SigningAlgorithm::Ed25519,
        DeviceKey::Es256 => SigningAlgorithm::Es256,
    }
}

/// The name that was given, or the machine's.
pub(super) fn device_name(given: Option<&str>) -> Result<DeviceName, Failure> {
    if let Some(name) = given {
        return Ok(name.parse()?);
    }
    let machine = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let machine = machine.iter().find_map(|path| std::fs::read_to_string(path).ok()?.parse().ok());
    machine.map_or_else(|| Ok("this computer".parse()?), Ok)
}
