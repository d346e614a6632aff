use std::sync::Arc;

use keyfold_client::{
    MemberId,
    recovery::{Begun, FoundAccount, NewcomerByCode, RecoverError, finish},
    storage::{Condition, Profile, Storage},
    sync::SyncEngine,
    vault::{LocalVault, Status, UnlockedVault},
};
use serde::Serialize;

use super::codes;
use crate::{
    app::App,
    args::UseRecovery,
    commands::{
        account::{algorithm, device_name},
        by_id::by_id,
        epoch,
    },
    exit::Exit,
    failure::Failure,
    output::say,
    terminal::{self, SyncProgress, printable, rfc3339},
};

#[derive(Serialize)]
struct Waiting {
    account: String,
    device: String,
    due_at: String,
}

#[derive(Serialize)]
struct Recovered {
    account: String,
    device: String,
    passkeys: u64,
    removed: Vec<String>,
}

pub(super) async fn run(app: &App, using: UseRecovery) -> Result<(), Failure> {
    // Before anything is done that cannot be undone.
    codes::must_go_somewhere(app, &using.new)?;
    let storage = app.new_storage().await?;
    let vault = match storage.profile().await? {
        None => match begin(app, &using, &storage).await? {
            Some(vault) => vault,
            None => return Ok(()),
        },
        Some(profile) if profile.condition == Condition::Recovering => go_on(app, &using, storage, &profile).await?,
        Some(_) => owing(app).await?,
    };
    replace(app, &using, vault).await
}

/// Looks, asks, and begins; goes on at once where there is nothing to wait for.
async fn begin(app: &App, using: &UseRecovery, storage: &Arc<dyn Storage>) -> Result<Option<UnlockedVault>, Failure> {
    let server = using.server.as_deref();
    let server =
        server.ok_or_else(|| Failure::new(Exit::Usage, "which server is the account on? Give --server URL"))?;
    let code = codes::given(using.code_file.as_deref())?;
    let trust = app.trust()?;
    let api = app.api(server, &trust)?;
    let name = device_name(using.name.as_deref())?;
    let found = FoundAccount::find(&api, &code, Arc::new(SyncProgress::new(app.out))).await?;
    let status = found.status().await?;
    show(&status, found.last_commit_at().await?);
    app.confirm(&format!("Begin to recover account {} on {server}, as \"{name}\"?", status.account))?;
    let new = NewcomerByCode {
        name,
        algorithm: algorithm(using.device_key),
        passphrase: terminal::passphrase::chosen(&app.global.passphrase)?,
        ca: trust.pem().map(<[u8]>::to_vec),
    };
    let Begun { device, due_at } = found.begin(storage.as_ref(), &new).await?;
    let progress = Arc::new(SyncProgress::new(app.out));
    match finish(Arc::clone(storage), &api, &code, &new.passphrase, progress).await {
        Ok(vault) => Ok(Some(vault)),
        Err(RecoverError::Waits(_)) => {
            let waiting =
                Waiting { account: status.account.to_string(), device: device.to_string(), due_at: rfc3339(due_at) };
            app.out.result(&waiting, |waiting| {
                format!(
                    "The recovery has begun. Every device of the account shows it and can stop it.\nRun `keyfold recovery use` \
                     again after {}, with the same code.",
                    waiting.due_at
                )
            })?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the server shows may be an old state of the account; only its user can tell.
fn show(status: &Status, last_commit_at: Option<u64>) {
    say(&format!("Account {} with {} passkeys and these devices:", status.account, status.items));
    for device in &status.devices {
        let (name, platform) = (printable(&device.name), printable(&device.platform));
        say(&format!("  \"{name}\" ({platform}), joined {}, {}", rfc3339(device.joined_at), device.id));
    }
    let last = last_commit_at.map_or_else(|| "never".to_owned(), rfc3339);
    say(&format!("Last changed: {last}. If you have changed something since, the server is keeping it back."));
}

async fn go_on(
    app: &App,
    using: &UseRecovery,
    storage: Arc<dyn Storage>,
    profile: &Profile,
) -> Result<UnlockedVault, Failure> {
    if using.server.as_ref().is_some_and(|server| *server != profile.server) {
        let detail = format!("this profile's recovery was begun on {}; leave --server out", profile.server);
        return Err(Failure::new(Exit::Usage, detail));
    }
    let api = app.api(&profile.server, &app.trust_of(profile)?)?;
    let code = codes::given(using.code_file.as_deref())?;
    let passphrase = terminal::passphrase::typed(&app.global.passphrase)?;
    Ok(finish(storage, &api, &code, &passphrase, Arc::new(SyncProgress::new(app.out))).await?)
}

/// The device is in, and its code is still to be replaced.
async fn owing(app: &App) -> Result<UnlockedVault, Failure> {
    let vault = app.verified().await?;
    if vault.local().status().await?.owes_recovery_code {
        return Ok(vault);
    }
    Err(Failure::new(Exit::Usage, "this profile has an account already; use another profile with --profile NAME"))
}

/// The code was used: another takes its place, and with it go the devices that its user does not keep.
async fn replace(app: &App, using: &UseRecovery, vault: UnlockedVault) -> Result<(), Failure> {
    let engine: SyncEngine = app.engine(vault)?;
    let status = engine.vault().local().status().await?;
    let gone = gone(app, using, &status)?;
    let code = codes::made(app, &using.new, &status).await?;
    engine.replace_recovery(&code, using.new.delay.0, &gone).await?;
    epoch::reencrypted(&engine).await;
    let local: &LocalVault = engine.vault().local();
    let status = local.status().await?;
    let recovered = Recovered {
        account: status.account.to_string(),
        device: status.device.to_string(),
        passkeys: status.items,
        removed: gone.iter().map(ToString::to_string).collect(),
    };
    app.out.result(&recovered, |recovered| {
        format!(
            "This device ({}) is in account {} now, with {} passkeys; {} other devices were removed. The old code is worth nothing \
             any more; keep the new one.",
            recovered.device,
            recovered.account,
            recovered.passkeys,
            recovered.removed.len()
        )
    })
}

/// The devices that nobody keeps by name.
fn gone(app: &App, using: &UseRecovery, status: &Status) -> Result<Vec<MemberId>, Failure> {
    let others = || status.devices.iter().filter(|device| !device.this);
    let mut kept = Vec::new();
    for keep in &using.keep {
        kept.push(by_id(others(), |device| device.id, keep, ("device", "devices", "device"))?.id);
    }
    let mut gone = Vec::new();
    for device in others().filter(|device| !kept.contains(&device.id)) {
        let question =
            format!("Keep \"{}\" ({}) in the account?", printable(&device.name), printable(&device.platform));
        if app.global.yes || !terminal::ask_yes(&question)? {
            gone.push(device.id);
        }
    }
    Ok(gone)
}
