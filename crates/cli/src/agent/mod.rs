//! `keyfold agent`: the vault as an authenticator for other programs of this machine. All endpoints drive the same one.

mod authenticator;
mod cancel;
mod hid;
mod socket;
mod user;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use authenticator::{Device, Shared};
use keyfold_client::authenticator::UnixMillis;

pub(crate) use authenticator::{VaultDevice, sync};
pub(crate) use socket::default_socket;
pub(crate) use user::{Presence, Terminal, TestUser};

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
pub(crate) enum Kind {
    /// A vault.
    Vault(Box<VaultDevice>),
    /// Nothing that lasts: for tests.
    Memory,
}

/// Whether a power cycle can be asked for from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Real,
    Test { clock: Option<UnixMillis> },
}

/// An agent whose endpoints are open.
pub(crate) struct Agent {
    shared: Arc<Shared>,
    socket: socket::Socket,
    udp: Option<hid::Udp>,
    uhid: Option<hid::Uhid>,
}

impl Agent {
    /// Opens the endpoints; nobody is served yet.
    pub(crate) async fn open(kind: Kind, user: Arc<dyn Asks>, mode: Mode, at: &Endpoints) -> Result<Self, Failure> {
        // First of all: it tells whether another agent is here.
        let socket = socket::Socket::bind(&at.socket)?;
        let udp = match at.udp {
            Some(address) => Some(hid::Udp::bind(address, mode).await?),
            None => None,
        };
        let uhid = if at.uhid { Some(hid::Uhid::create()?) } else { None };
        let shared = Shared::power_up(Device::of(kind), user, mode).await?;
        Ok(Self { shared: Arc::new(shared), socket, udp, uhid })
    }

    /// Where the first HID endpoint over UDP listens.
    pub(crate) fn udp(&self) -> Option<SocketAddr> {
        self.udp.as_ref().map(hid::Udp::address)
    }

    /// The authenticator itself.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Serves until an endpoint fails.
    pub(crate) async fn serve(self) -> Result<(), Failure> {
        let Self { shared, socket, udp, uhid } = self;
        let udp = async {
            match udp {
                Some(udp) => udp.serve(Arc::clone(&shared)).await,
                None => std::future::pending().await,
            }
        };
        let uhid = async {
            match uhid {
                Some(uhid) => uhid.serve(Arc::clone(&shared)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            failed = socket.serve(Arc::clone(&shared)) => failed,
            failed = udp => failed,
            failed = uhid => failed,
        }
    }
}
