use std::{collections::HashMap, io, net::SocketAddr, sync::Arc};

use keyfold_client::authenticator::hid::{Bytes, PACKET};
use tokio::net::UdpSocket;

use super::driver::{Line, Received, drive};
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
    /// Who was given which channel.
    peers: HashMap<[u8; 4], SocketAddr>,
    /// Who last asked for a channel, or spoke on one that was never given out.
    stranger: Option<SocketAddr>,
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
        Ok(Self { socket, address, mode, peers: HashMap::new(), stranger: None })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn serve(mut self, first: u64, shared: Arc<Shared>) -> Result<(), Failure> {
        drive(&mut self, first, shared).await.map_err(|error| Failure::internal(&error))
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
        let Some(channel) = packet.first_chunk::<4>().copied() else { return Ok(Received::Nothing) };
        if channel == BROADCAST || !self.peers.contains_key(&channel) {
            self.stranger = Some(peer);
        } else if self.peers.get(&channel).is_some_and(|owner| *owner != peer) {
            // Nobody speaks on another's channel, or has its answers.
            return Ok(Received::Nothing);
        }
        if matches!(self.mode, Mode::Test { .. }) && packet.starts_with(&POWER_CYCLE) {
            return Ok(Received::PowerCycle);
        }
        Ok(Received::Packet(Box::new(packet)))
    }

    async fn send(&mut self, packet: &Bytes) -> io::Result<()> {
        let Some(channel) = packet.first_chunk::<4>().copied() else { return Ok(()) };
        let Some(peer) = self.peers.get(&channel).copied().or(self.stranger) else { return Ok(()) };
        if channel == BROADCAST && packet.get(4) == Some(&INIT_ANSWER) {
            // The channel that is given out stands behind the nonce.
            if self.peers.len() >= PEERS {
                self.peers.clear();
            }
            if let Some(given) = packet.get(15..19).and_then(|given| given.try_into().ok()) {
                self.peers.insert(given, peer);
            }
        }
        match self.socket.send_to(packet, peer).await {
            Err(error) if error.kind() != io::ErrorKind::ConnectionRefused => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

const BROADCAST: [u8; 4] = [0xff; 4];
/// `CTAPHID_INIT` in a first packet.
const INIT_ANSWER: u8 = 0x86;
/// Channels whose peers are remembered.
const PEERS: usize = 1_024;
/// A datagram that begins so is a power cycle, in test mode. No channel has this number.
const POWER_CYCLE: [u8; 4] = [0xac, 0x10, 0x52, 0xca];
