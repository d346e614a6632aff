use std::{path::Path, sync::Arc};

use keyfold_client::authenticator::UnixMillis;
use serde::Serialize;

use crate::{
    agent::{self, Agent, Endpoints, Kind, Mode, Terminal, TestUser, VaultDevice},
    app::App,
    args::AgentArgs,
    failure::Failure,
    output::say,
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
    let mode = if args.test_mode { Mode::Test { clock: args.clock.map(UnixMillis) } } else { Mode::Real };
    let vault = if args.memory { None } else { Some(app.unlocked().await?) };
    let kind = match &vault {
        Some(vault) => Kind::Vault(Box::new(VaultDevice::open(vault.clone()).await?)),
        None => Kind::Memory,
    };
    let agent = if args.test_mode {
        say(LOUD);
        Agent::open(kind, Arc::new(TestUser(args.presence)), mode, &at).await?
    } else {
        Agent::open(kind, Arc::new(Terminal::default()), mode, &at).await?
    };
    let engine = match vault.filter(|_| !args.no_sync) {
        Some(vault) => Some(app.engine(vault)?),
        None => None,
    };
    let udp = agent.udp().map(|address| address.to_string());
    let ready = Ready { event: "ready", socket: &at.socket, udp, uhid: at.uhid, test_mode: args.test_mode };
    app.out.event(&ready, Ready::line)?;
    let shared = agent.shared();
    let sync = async {
        match &engine {
            Some(engine) => agent::sync(engine, &shared).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        failed = agent.serve() => failed,
        failed = sync => failed,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| Failure::internal(&error)),
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
