use keyfold_client::sync::{SyncEngine, SyncReport};
use serde::Serialize;

use crate::{
    app::App,
    args::EpochCommand,
    failure::Failure,
    output::say,
    terminal::{printable, spinner},
};

#[derive(Serialize)]
struct Rotated {
    epoch: u64,
    passkeys_reencrypted: u64,
}

pub(crate) async fn run(app: &App, command: EpochCommand) -> Result<(), Failure> {
    match command {
        EpochCommand::Rotate => rotate(app).await,
    }
}

async fn rotate(app: &App) -> Result<(), Failure> {
    let engine = app.engine(app.unlocked().await?)?;
    let spinner = spinner("beginning a new epoch", app.out);
    let rotated = engine.rotate().await;
    spinner.finish_and_clear();
    rotated?;
    let passkeys_reencrypted = reencrypted(&engine).await;
    let epoch = epoch(&engine).await?;
    app.out.result(&Rotated { epoch, passkeys_reencrypted }, |rotated| {
        format!("Epoch {} has begun; {} passkeys are encrypted anew.", rotated.epoch, rotated.passkeys_reencrypted)
    })
}

/// The account's epoch as this device knows it.
pub(super) async fn epoch(engine: &SyncEngine) -> Result<u64, Failure> {
    Ok(engine.vault().local().held().await?.roster.epoch().number)
}

/// Encrypts anew what there is. The epoch stands whatever becomes of this: where it ends early, the next sync goes on.
pub(super) async fn reencrypted(engine: &SyncEngine) -> u64 {
    match engine.sync().await {
        Ok(report) => {
            without_room(&report);
            report.items_reencrypted
        }
        Err(error) => {
            let error = printable(&error.to_string());
            say(&format!("keyfold: the next sync goes on encrypting what is there anew ({error})"));
            0
        }
    }
}

/// Tells of passkeys that stay under an earlier epoch's key for want of room.
pub(super) fn without_room(report: &SyncReport) {
    if report.items_without_room > 0 {
        say(&format!(
            "keyfold: {} passkeys cannot be encrypted anew: the account's room on the server is used up. Delete some, which \
             are purged after 30 days, or ask its operator for more",
            report.items_without_room
        ));
    }
}
