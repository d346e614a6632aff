use std::io::{self, Write};

use clap::CommandFactory;
use keyfold_store::{BackupError, RestoreError};
use keyfold_vault::storage::StorageError;

use super::{
    Arguments, HealthError, TenancyError,
    arguments::{Command, Serve},
    backup, configuration, health, invites, migrate, restore, tenancy,
};
use crate::{
    config::{ConfigError, Loaded, load},
    logs::{self, LogError},
    serve::{self, ReadyError, ServeError},
    traces::{TraceError, Traces},
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The traces.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The ready file.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The restore.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Tenants.
    #[error(transparent)]
    Tenancy(#[from] TenancyError),
    /// A server's health.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// Standard output or signals.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Does what the command line says. Log lines go to standard error, results to standard output.
///
/// # Errors
/// [`CommandError`].
pub async fn run(arguments: Arguments) -> Result<(), CommandError> {
    if let Some(Command::Completions { shell }) = &arguments.command {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Arguments::command(), "keyfoldd", &mut script);
        return Ok(io::stdout().write_all(&script)?);
    }
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let form = arguments.form();
    let loaded = load(&arguments.common.flags(), variables).map_err(Box::new)?;
    match arguments.command.unwrap_or_else(|| Command::Serve(Serve::default())) {
        Command::Serve(options) => serve(loaded, &options).await,
        Command::Migrate => migrate::run(loaded, form).await,
        Command::Config => configuration::run(&loaded, form),
        Command::Health(options) => health::run(&loaded, &options, form).await,
        Command::Invite(invite) => invites::run(loaded, invite, form).await,
        Command::Backup(options) => backup::run(loaded, options, form).await,
        Command::Restore(options) => restore::run(loaded, options, form).await,
        Command::Init(options) => tenancy::init(loaded, &options, form).await,
        Command::Tenant(command) => tenancy::tenant(loaded, command, form).await,
        Command::Ca(command) => tenancy::ca(loaded, command, form).await,
        Command::Client(command) => tenancy::client(loaded, command, form).await,
        Command::RpId(command) => tenancy::rp_id(loaded, command, form).await,
        Command::Member(command) => tenancy::member(loaded, command, form).await,
        Command::Compliance(command) => tenancy::compliance(loaded, command, form).await,
        Command::Completions { .. } => Ok(()),
    }
}

async fn serve(loaded: Loaded, options: &Serve) -> Result<(), CommandError> {
    let traces = Traces::begin(&loaded.settings.traces)?;
    logs::begin(&loaded.settings.log, traces.as_ref())?;
    let served = serve_until_told(loaded, options).await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    served
}

async fn serve_until_told(loaded: Loaded, options: &Serve) -> Result<(), CommandError> {
    for name in &loaded.ignored {
        tracing::debug!(name, "not a setting");
    }
    let mut signals = Signals::new()?;
    let mut running = serve::start(loaded.settings).await?;
    let ready = running.ready();
    let ca = ready.ca_fingerprint.as_deref().unwrap_or("from files");
    tracing::info!(url = ready.public_url, listen = ready.listen, plain_listen = ready.plain_listen, ca, "serving");
    if let Some(path) = &options.ready_file {
        ready.write(path)?;
    }
    tokio::select! {
        failed = running.failed() => return Ok(failed?),
        signal = signals.next() => tracing::info!(signal, "stopping"),
    }
    running.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// The two signals that end a server.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
