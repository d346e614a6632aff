use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use tokio::net::UdpSocket;

use super::{
    driver::{Line, Received, drive},
    packet::{Bytes, PACKET},
};
use crate::{
    agent::{Mode, authenticator::Shared},
    exit::Exit,
    failure::Failure,
};

/// CTAPHID in datagrams, on loopback.
pub(crate) struct Udp {
    socket: UdpSocket,
    address: SocketAddr,
    mode: Mode,
    /// Who sent the last packet on a channel.
    peers: HashMap<[u8; 4], SocketAddr>,
}

impl Udp {
    pub(crate) async fn bind(address: SocketAddr, mode: Mode) -> Result<Self, Failure> {
        if !address.ip().is_loopback() {
            let detail = format!("{address} is not on loopback: whoever reaches the authenticator could use it");
            return Err(Failure::new(Exit::Usage, detail));
        }
        let failed = |error: io::Error| {
            Failure::new(Exit::Usage, format!("cannot listen on UDP {address} ({error}); give another with --udp"))
        };
        let socket = UdpSocket::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address, mode, peers: HashMap::new() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn serve(mut self, shared: Arc<Shared>) -> Result<(), Failure> {
        drive(&mut self, shared).await.map_err(|error| Failure::internal(&error))
    }
}

impl Line for Udp {
    async fn receive(&mut self) -> io::Result<Received> {
        // One byte more than a packet, so that a longer datagram is not taken for one.
        let mut datagram = [0; PACKET + 1];
        let (length, peer) = match self.socket.recv_from(&mut datagram).await {
            Ok(received) => received,
            // Whoever was answered has gone; that is no failure of this socket.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Ok(Received::Nothing),
            Err(error) => return Err(error),
        };
        let packet: Option<Bytes> = datagram.get(..length).and_then(|packet| packet.try_into().ok());
        let Some(packet) = packet else { return Ok(Received::Nothing) };
        if self.peers.len() >= PEERS {
            self.peers.clear();
        }
        if let Some(channel) = packet.first_chunk() {
            self.peers.insert(*channel, peer);
        }
        if matches!(self.mode, Mode::Test { .. }) && packet.starts_with(&POWER_CYCLE) {
            return Ok(Received::PowerCycle);
        }
        Ok(Received::Packet(Box::new(packet)))
    }

    async fn send(&mut self, packet: &Bytes) -> io::Result<()> {
        let Some(peer) = packet.first_chunk().and_then(|channel| self.peers.get(channel)) else { return Ok(()) };
        match self.socket.send_to(packet, peer).await {
            Err(error) if error.kind() != io::ErrorKind::ConnectionRefused => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Channels whose peers are remembered.
const PEERS: usize = 1_024;
/// A datagram that begins so is a power cycle, in test mode. No channel has this number.
const POWER_CYCLE: [u8; 4] = [0xac, 0x10, 0x52, 0xca];
