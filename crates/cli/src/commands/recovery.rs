mod codes;
mod using;

use keyfold_client::vault::RecoveryStatus;
use serde::Serialize;

use crate::{
    app::App,
    args::{CreateRecovery, RecoveryCommand, written},
    exit::Exit,
    failure::Failure,
    output::say,
    terminal::{printable, rfc3339, spinner},
};

#[derive(Serialize)]
struct Recovery {
    /// Whether the account has a code.
    exists: bool,
    since: Option<String>,
    delay: Option<String>,
    pending: Option<Pending>,
    /// Whether this device must put another code in the place of the one that let it in.
    to_replace: bool,
}

#[derive(Serialize)]
struct Pending {
    device: String,
    name: String,
    platform: String,
    due_at: String,
}

pub(crate) async fn run(app: &App, command: RecoveryCommand) -> Result<(), Failure> {
    match command {
        RecoveryCommand::Create(create) => self::create(app, create).await,
        RecoveryCommand::Status => status(app).await,
        RecoveryCommand::Use(using) => using::run(app, using).await,
        RecoveryCommand::Cancel => cancel(app).await,
        RecoveryCommand::Remove => remove(app).await,
    }
}

async fn create(app: &App, create: CreateRecovery) -> Result<(), Failure> {
    codes::must_go_somewhere(app, &create.new)?;
    let engine = app.engine(app.verified().await?)?;
    engine.look().await?;
    let status = engine.vault().local().status().await?;
    match (status.recovery.is_some(), create.replace) {
        (true, false) => return Err(keyfold_client::sync::RecoveryError::Exists.into()),
        (false, true) => return Err(keyfold_client::sync::RecoveryError::Absent.into()),
        _ => {}
    }
    let code = codes::made(app, &create.new, &status).await?;
    let spinner = spinner("setting the code up", app.out);
    let done = match create.replace {
        true => engine.replace_recovery(&code, create.new.delay.0, &[]).await,
        false => engine.add_recovery(&code, create.new.delay.0).await,
    };
    spinner.finish_and_clear();
    done?;
    if create.replace {
        super::epoch::reencrypted(&engine).await;
    }
    tell(app).await
}

async fn status(app: &App) -> Result<(), Failure> {
    tell(app).await
}

async fn cancel(app: &App) -> Result<(), Failure> {
    let engine = app.engine(app.unlocked().await?)?;
    engine.look().await?;
    let status = engine.vault().local().status().await?;
    let pending = status.recovery.and_then(|recovery| recovery.pending);
    let pending = pending.ok_or(keyfold_client::sync::RecoveryError::NotUnderWay)?;
    engine.cancel_recovery(pending.begin).await?;
    say(&format!(
        "keyfold: the recovery for \"{}\" is stopped. If you did not begin it, somebody has the code: make another with \
         `keyfold recovery create --replace`",
        printable(&pending.description.name)
    ));
    tell(app).await
}

async fn remove(app: &App) -> Result<(), Failure> {
    let engine = app.engine(app.verified().await?)?;
    engine.look().await?;
    app.confirm("Remove the account's recovery code? Without one, and with no device left, your passkeys are lost.")?;
    engine.remove_recovery().await?;
    super::epoch::reencrypted(&engine).await;
    tell(app).await
}

async fn tell(app: &App) -> Result<(), Failure> {
    let status = app.local().await?.status().await?;
    let recovery = Recovery::of(status.recovery.as_ref(), status.owes_recovery_code);
    app.out.result(&recovery, Recovery::text)
}

/// Tells of a recovery that is under way, whatever else was asked for: its user may have to stop it.
pub(super) fn warn(recovery: Option<&RecoveryStatus>) {
    let Some(pending) = recovery.and_then(|recovery| recovery.pending.as_ref()) else { return };
    say(&format!(
        "keyfold: SOMEBODY IS USING YOUR RECOVERY CODE: \"{}\" ({}) will be let in at {}. If that is not you, stop it now: keyfold \
         recovery cancel",
        printable(&pending.description.name),
        printable(&pending.description.platform),
        rfc3339(pending.due_at)
    ));
}

impl Recovery {
    fn of(recovery: Option<&RecoveryStatus>, to_replace: bool) -> Self {
        let pending = recovery.and_then(|recovery| recovery.pending.as_ref());
        Self {
            exists: recovery.is_some(),
            since: recovery.map(|recovery| rfc3339(recovery.since)),
            delay: recovery.map(|recovery| written(std::time::Duration::from_millis(recovery.delay))),
            pending: pending.map(|pending| Pending {
                device: pending.device.id().to_string(),
                name: pending.description.name.clone(),
                platform: pending.description.platform.clone(),
                due_at: rfc3339(pending.due_at),
            }),
            to_replace,
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![match (&self.since, &self.delay) {
            (Some(since), Some(delay)) => format!("There is a recovery code, since {since}; its use waits {delay}."),
            _ => "There is no recovery code. Without one, and with no device left, your passkeys are lost.".to_owned(),
        }];
        if let Some(pending) = &self.pending {
            lines.push(format!(
                "It is being used: \"{}\" ({}) will be let in at {}. `keyfold recovery cancel` stops that.",
                printable(&pending.name),
                printable(&pending.platform),
                pending.due_at
            ));
        }
        if self.to_replace {
            lines.push("This device must put another code in its place: run `keyfold recovery use`.".to_owned());
        }
        lines.join("\n")
    }
}

/// Where a code must be written down, and nobody is there to do it.
pub(super) fn nobody_has_it() -> Failure {
    Failure::new(Exit::Usage, "nobody would have the new code: give --new-code-file FILE or --page FILE.svg with --yes")
}
