use std::{path::Path, sync::Arc};

use keyfold_client::authenticator::UnixMillis;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    agent::{self, Agent, AgentVault, Endpoints, Kind, Mode, SystemPrompt},
    app::App,
    args::AgentArgs,
    exit::Exit,
    failure::Failure,
    output::say,
    terminal::printable,
};

/// What it says once programs can reach it.
#[derive(Serialize)]
struct Ready<'a> {
    event: &'static str,
    socket: &'a Path,
    udp: Option<String>,
    uhid: bool,
    test_mode: bool,
}

pub(crate) async fn run(app: &App, args: &AgentArgs) -> Result<(), Failure> {
    let socket = match &args.socket {
        Some(path) => path.clone(),
        None => agent::default_socket(&app.folder()?, &app.global.profile.0),
    };
    let at = Endpoints { socket, udp: args.udp, uhid: args.uhid };
    let mode = if args.test_mode {
        Mode::Test { presence: args.presence, clock: args.clock.map(UnixMillis) }
    } else {
        Mode::Real
    };
    let opened = if args.memory { None } else { Some(app.unlocked().await?) };
    let vault = opened.map(|vault| Arc::new(AgentVault::of(vault)));
    if args.test_mode {
        say(LOUD);
    }
    let system = if args.verify_by_system { Some(Arc::new(system_prompt().await?)) } else { None };
    let agent = Agent::open(vault.clone().map_or(Kind::Memory, Kind::Vault), mode, system, &at).await?;
    let udp = agent.udp().map(|address| address.to_string());
    let ready = Ready { event: "ready", socket: &at.socket, udp, uhid: at.uhid, test_mode: args.test_mode };
    app.out.event(&ready, Ready::line)?;
    let shared = agent.shared();
    let sync = async {
        match &vault {
            Some(vault) if !args.no_sync => agent::sync(|open| app.engine(open), vault).await,
            _ => std::future::pending().await,
        }
    };
    let locks = async {
        match &vault {
            Some(vault) => agent::forget_when_locked(&shared, vault).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        failed = agent.serve() => failed,
        failed = sync => failed,
        failed = locks => failed,
        ended = is_told_to_end() => ended.map_err(|error| Failure::internal(&error)),
    }
}

async fn system_prompt() -> Result<SystemPrompt, Failure> {
    let found = SystemPrompt::find().await;
    found.map_err(|why| Failure::new(Exit::Usage, format!("--verify-by-system: {}", printable(&why))))
}

/// Returns once somebody wants it to end.
async fn is_told_to_end() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

impl Ready<'_> {
    fn line(&self) -> String {
        let mut line = format!("Serving at {}", self.socket.display());
        if let Some(udp) = &self.udp {
            line.push_str(&format!(", at UDP {udp}"));
        }
        if self.uhid {
            line.push_str(", and as a security key of the kernel's");
        }
        line.push_str(". Stop it with Ctrl-C.");
        line
    }
}

const LOUD: &str = "\
keyfold: TEST MODE. Nobody is asked before a passkey is made or used: whoever reaches this agent may use them all.
keyfold: TEST MODE. Never use it with passkeys that matter.";
