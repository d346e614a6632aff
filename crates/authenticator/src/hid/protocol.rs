use std::time::{Duration, Instant};

use super::packet::{Bytes, MAX_MESSAGE, Packet, packets};
use crate::CtapError;

/// One HID device's side of the protocol. It holds one message of at most 7,609 bytes, whatever it is sent.
#[derive(Default)]
pub struct Protocol {
    /// Channels up to this one were given out.
    allocated: u32,
    transaction: Transaction,
}

/// What is under way. Of all channels one at a time.
#[derive(Default)]
enum Transaction {
    #[default]
    None,
    /// A message is coming in.
    Receiving { channel: u32, command: u8, length: usize, received: Vec<u8>, next: u8, since: Instant },
    /// A request is being served.
    Serving { channel: u32 },
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Act {
    /// Send these packets.
    Send(Vec<Bytes>),
    /// Have this channel's CTAP2 request served, and give the answer to [`Protocol::answered`].
    Serve(u32, Vec<u8>),
    /// Take back the request that is being served.
    Cancel,
}

impl Protocol {
    /// Takes a packet. What does not fit is answered with `CTAPHID_ERROR`, or ignored.
    pub fn receive(&mut self, bytes: &Bytes, now: Instant) -> Vec<Act> {
        let mut acts = self.expire(now);
        match Packet::of(bytes) {
            Packet::Initial { channel, command, length, payload } => {
                acts.extend(self.initial(channel, command, length, payload, now));
            }
            Packet::Continuation { channel, sequence, payload } => {
                acts.extend(self.continuation(channel, sequence, payload, now));
            }
        }
        acts
    }

    /// Gives up on a message whose next packet does not come.
    pub fn expire(&mut self, now: Instant) -> Vec<Act> {
        match &self.transaction {
            Transaction::Receiving { channel, since, .. } if now.duration_since(*since) >= NEXT_PACKET_WITHIN => {
                let channel = *channel;
                self.transaction = Transaction::None;
                error(channel, Code::MessageTimeout)
            }
            _ => Vec::new(),
        }
    }

    /// When to look whether a message is given up on.
    pub fn expires_at(&self) -> Option<Instant> {
        match &self.transaction {
            Transaction::Receiving { since, .. } => Some(*since + NEXT_PACKET_WITHIN),
            Transaction::None | Transaction::Serving { .. } => None,
        }
    }

    /// That the request is still being served, and the user is waited for (`CTAPHID_KEEPALIVE`); to be sent every 100 ms.
    pub fn keep_alive(&self) -> Option<Vec<Bytes>> {
        match &self.transaction {
            Transaction::Serving { channel } => Some(packets(*channel, KEEPALIVE, &[USER_PRESENCE_NEEDED])),
            _ => None,
        }
    }

    /// The answer to the request that was being served, as packets; none, if it was given up on meanwhile.
    pub fn answered(&mut self, answer: &[u8]) -> Option<Vec<Bytes>> {
        let Transaction::Serving { channel } = self.transaction else { return None };
        self.transaction = Transaction::None;
        if answer.len() > MAX_MESSAGE {
            return Some(packets(channel, CBOR, &[CtapError::LimitExceeded.code()]));
        }
        Some(packets(channel, CBOR, answer))
    }

    fn initial(&mut self, channel: u32, command: u8, length: usize, payload: &[u8], now: Instant) -> Vec<Act> {
        if command == INIT {
            return self.init(channel, length, payload);
        }
        if channel == 0 || channel > self.allocated {
            return error(channel, Code::InvalidChannel);
        }
        match &self.transaction {
            Transaction::Serving { channel: other } if *other == channel && command == CANCEL => {
                return vec![Act::Cancel];
            }
            // Nothing to take back.
            _ if command == CANCEL => return Vec::new(),
            Transaction::Receiving { channel: other, .. } if *other == channel => {
                self.transaction = Transaction::None;
                return error(channel, Code::InvalidSequence);
            }
            Transaction::Receiving { .. } | Transaction::Serving { .. } => return error(channel, Code::ChannelBusy),
            Transaction::None => {}
        }
        if !matches!(command, PING | CBOR) {
            return error(channel, Code::InvalidCommand);
        }
        if length > MAX_MESSAGE {
            return error(channel, Code::InvalidLength);
        }
        let received = payload.get(..length).unwrap_or(payload).to_vec();
        self.more(Transaction::Receiving { channel, command, length, received, next: 0, since: now })
    }

    fn continuation(&mut self, channel: u32, sequence: u8, payload: &[u8], now: Instant) -> Vec<Act> {
        match std::mem::take(&mut self.transaction) {
            Transaction::Receiving { channel: other, command, length, mut received, next, .. } if other == channel => {
                if sequence != next {
                    return error(channel, Code::InvalidSequence);
                }
                let left = length.saturating_sub(received.len());
                received.extend_from_slice(payload.get(..left).unwrap_or(payload));
                let next = next.wrapping_add(1);
                self.more(Transaction::Receiving { channel, command, length, received, next, since: now })
            }
            // Not of anything that is under way.
            transaction => {
                self.transaction = transaction;
                Vec::new()
            }
        }
    }

    /// Goes on with a message, or does what it says once it is whole.
    fn more(&mut self, transaction: Transaction) -> Vec<Act> {
        let Transaction::Receiving { channel, command, length, received, .. } = &transaction else { return Vec::new() };
        if received.len() < *length {
            self.transaction = transaction;
            return Vec::new();
        }
        if *command == PING {
            return vec![Act::Send(packets(*channel, PING, received))];
        }
        if received.is_empty() {
            return error(*channel, Code::InvalidLength);
        }
        let (channel, request) = (*channel, received.clone());
        self.transaction = Transaction::Serving { channel };
        vec![Act::Serve(channel, request)]
    }

    /// `CTAPHID_INIT`: gives out a channel, or brings one that is out of step back to its beginning.
    fn init(&mut self, channel: u32, length: usize, payload: &[u8]) -> Vec<Act> {
        let Some(nonce) = payload.get(..NONCE).filter(|_| length == NONCE) else {
            return error(channel, Code::InvalidLength);
        };
        let mut acts = Vec::new();
        let given = match channel {
            BROADCAST => {
                // Beyond four billion of them the first is given out again.
                self.allocated = if self.allocated >= BROADCAST - 1 { 1 } else { self.allocated + 1 };
                self.allocated
            }
            0 => return error(channel, Code::InvalidChannel),
            channel if channel > self.allocated => return error(channel, Code::InvalidChannel),
            channel => {
                match &self.transaction {
                    Transaction::Receiving { channel: other, .. } if *other == channel => {
                        self.transaction = Transaction::None;
                    }
                    Transaction::Serving { channel: other } if *other == channel => {
                        self.transaction = Transaction::None;
                        acts.push(Act::Cancel);
                    }
                    _ => {}
                }
                channel
            }
        };
        let answer = [nonce, &given.to_be_bytes(), &[PROTOCOL_VERSION], &DEVICE_VERSION, &[CAPABILITIES]].concat();
        acts.push(Act::Send(packets(channel, INIT, &answer)));
        acts
    }
}

#[derive(Clone, Copy)]
enum Code {
    InvalidCommand = 0x01,
    InvalidLength = 0x03,
    InvalidSequence = 0x04,
    MessageTimeout = 0x05,
    ChannelBusy = 0x06,
    InvalidChannel = 0x0b,
}

fn error(channel: u32, code: Code) -> Vec<Act> {
    vec![Act::Send(packets(channel, ERROR, &[code as u8]))]
}

/// How long a message may take from one packet to the next.
const NEXT_PACKET_WITHIN: Duration = Duration::from_millis(500);

const BROADCAST: u32 = u32::MAX;
const NONCE: usize = 8;
const PROTOCOL_VERSION: u8 = 2;
/// Major, minor, build: they say nothing.
const DEVICE_VERSION: [u8; 3] = [0, 1, 0];
/// CAPABILITY_CBOR and CAPABILITY_NMSG: CTAP2, and no U2F.
const CAPABILITIES: u8 = 0x04 | 0x08;
const USER_PRESENCE_NEEDED: u8 = 0x02;

pub(super) const PING: u8 = 0x01;
pub(super) const INIT: u8 = 0x06;
pub(super) const CBOR: u8 = 0x10;
pub(super) const CANCEL: u8 = 0x11;
pub(super) const KEEPALIVE: u8 = 0x3b;
pub(super) const ERROR: u8 = 0x3f;
