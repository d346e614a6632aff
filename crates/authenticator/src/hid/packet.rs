/// The length of every packet, in bytes.
pub const PACKET: usize = 64;
/// The longest message: one initialization packet and 128 continuation packets.
pub(super) const MAX_MESSAGE: usize = INITIAL_PAYLOAD + 128 * CONTINUATION_PAYLOAD;

/// A packet as it is carried.
pub type Bytes = [u8; PACKET];

/// A packet, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// The first of a message.
    Initial { channel: u32, command: u8, length: usize, payload: &'a [u8] },
    /// Another of it.
    Continuation { channel: u32, sequence: u8, payload: &'a [u8] },
}

impl<'a> Packet<'a> {
    pub(super) fn of(bytes: &'a Bytes) -> Self {
        let [c0, c1, c2, c3, kind, rest @ ..] = bytes;
        let channel = u32::from_be_bytes([*c0, *c1, *c2, *c3]);
        if kind & INITIAL == 0 {
            return Packet::Continuation { channel, sequence: *kind, payload: rest };
        }
        let [high, low, payload @ ..] = rest;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        Packet::Initial { channel, command: kind & !INITIAL, length, payload }
    }
}

/// A message of at most [`MAX_MESSAGE`] bytes as packets; what is longer is cut.
pub(super) fn packets(channel: u32, command: u8, message: &[u8]) -> Vec<Bytes> {
    let message = message.get(..MAX_MESSAGE).unwrap_or(message);
    let length = u16::try_from(message.len()).unwrap_or_default().to_be_bytes();
    let (first, rest) = message.split_at_checked(INITIAL_PAYLOAD).unwrap_or((message, &[]));
    let head = [channel.to_be_bytes().as_slice(), &[command | INITIAL], &length].concat();
    let mut packets = vec![padded(&head, first)];
    for (sequence, payload) in (0..).zip(rest.chunks(CONTINUATION_PAYLOAD)) {
        packets.push(padded(&[channel.to_be_bytes().as_slice(), &[sequence]].concat(), payload));
    }
    packets
}

fn padded(head: &[u8], payload: &[u8]) -> Bytes {
    let mut packet = [0; PACKET];
    for (byte, content) in packet.iter_mut().zip(head.iter().chain(payload)) {
        *byte = *content;
    }
    packet
}

const INITIAL: u8 = 0x80;
const INITIAL_PAYLOAD: usize = PACKET - 7;
const CONTINUATION_PAYLOAD: usize = PACKET - 5;
