//! `keyfold agent`: the vault as an authenticator for other programs of this machine. All endpoints of CTAP drive the same
//! one; browsers have their own socket, and ask in WebAuthn's terms.

mod authenticator;
mod browser;
mod cancel;
mod hid;
mod socket;
mod user;
mod vault;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use keyfold_client::authenticator::{Channel, UnixMillis};

pub(crate) use authenticator::{Shared, forget_when_locked, sync};
pub(crate) use browser::hand_over;
pub(crate) use socket::{browser_socket, default_socket};
pub(crate) use user::{Presence, SystemPrompt, Terminal, TestUser};
pub(crate) use vault::AgentVault;

use crate::failure::Failure;
use user::Asks;

/// Where programs find the authenticator.
pub(crate) struct Endpoints {
    pub(crate) socket: PathBuf,
    /// CTAPHID over UDP, if it is wanted.
    pub(crate) udp: Option<SocketAddr>,
    /// CTAPHID over a device of the kernel's, if it is wanted.
    pub(crate) uhid: bool,
}

/// What the agent is an authenticator of.
#[derive(Clone)]
pub(crate) enum Kind {
    Vault(Arc<AgentVault>),
    /// Nothing that lasts: for tests.
    Memory,
}

/// Whether somebody is asked, and a power cycle can be asked for from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Real,
    Test { presence: Presence, clock: Option<UnixMillis> },
}

/// An agent whose endpoints are open.
pub(crate) struct Agent {
    shared: Arc<Shared>,
    socket: socket::Socket,
    /// For browsers, where there is a vault.
    browsers: Option<(socket::Socket, Arc<AgentVault>)>,
    udp: Option<hid::Udp>,
    uhid: Option<hid::Uhid>,
    mode: Mode,
    /// What verifies the owner instead of a secret.
    system: Option<Arc<SystemPrompt>>,
}

impl Agent {
    /// Opens the endpoints; nobody is served yet.
    pub(crate) async fn open(
        kind: Kind,
        mode: Mode,
        system: Option<Arc<SystemPrompt>>,
        at: &Endpoints,
    ) -> Result<Self, Failure> {
        let user: Arc<dyn Asks> = match mode {
            Mode::Real => Arc::new(Terminal(system.clone())),
            Mode::Test { presence, .. } => Arc::new(TestUser(presence)),
        };
        // First of all: it tells whether another agent is here.
        let socket = socket::Socket::bind(&at.socket)?;
        let browsers = match &kind {
            Kind::Vault(vault) => Some((socket::Socket::bind(&browser_socket(&at.socket))?, Arc::clone(vault))),
            Kind::Memory => None,
        };
        let udp = match at.udp {
            Some(address) => Some(hid::Udp::bind(address, mode).await?),
            None => None,
        };
        let uhid = if at.uhid { Some(hid::Uhid::create()?) } else { None };
        let shared = Arc::new(Shared::power_up(&kind, user, mode).await?);
        Ok(Self { shared, socket, browsers, udp, uhid, mode, system })
    }

    /// Where the HID endpoint over UDP listens.
    pub(crate) fn udp(&self) -> Option<SocketAddr> {
        self.udp.as_ref().map(hid::Udp::address)
    }

    /// The authenticator itself.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves until an endpoint fails.
    pub(crate) async fn serve(self) -> Result<(), Failure> {
        let Self { shared, socket, browsers, udp, uhid, mode, system } = self;
        let connections = AtomicU64::new(0);
        let ctap = socket.serve(|stream| {
            // HID channels have numbers of 32 bits.
            let channel = Channel(SOCKETS | connections.fetch_add(1, Ordering::Relaxed));
            socket::connection(stream, channel, Arc::clone(&shared))
        });
        let browsers = async {
            match &browsers {
                Some((socket, vault)) => {
                    socket.serve(|stream| browser::serve(stream, Arc::clone(vault), mode, system.clone())).await
                }
                None => std::future::pending().await,
            }
        };
        let udp = async {
            match udp {
                Some(udp) => udp.serve(UDP, Arc::clone(&shared)).await,
                None => std::future::pending().await,
            }
        };
        let uhid = async {
            match uhid {
                Some(uhid) => uhid.serve(UHID, Arc::clone(&shared)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            failed = ctap => failed,
            failed = browsers => failed,
            failed = udp => failed,
            failed = uhid => failed,
        }
    }
}

/// Where the numbers of each kind of platform begin.
const SOCKETS: u64 = 1 << 40;
const UDP: u64 = 1 << 41;
const UHID: u64 = 1 << 42;
