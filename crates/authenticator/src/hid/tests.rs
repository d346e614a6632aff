use std::time::{Duration, Instant};

use super::{
    packet::{Bytes, Packet, packets},
    protocol::{Act, CANCEL, CBOR, ERROR, INIT, KEEPALIVE, PING, Protocol},
};

const BROADCAST: u32 = u32::MAX;
const NONCE: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// A device and its host.
struct Host {
    protocol: Protocol,
    now: Instant,
}

impl Host {
    fn new() -> Self {
        Self { protocol: Protocol::default(), now: Instant::now() }
    }

    /// Sends all packets of a message, and collects what comes of them.
    fn sends(&mut self, channel: u32, command: u8, message: &[u8]) -> Vec<Act> {
        packets(channel, command, message).iter().flat_map(|packet| self.protocol.receive(packet, self.now)).collect()
    }

    /// A new channel.
    fn channel(&mut self) -> u32 {
        let acts = self.sends(BROADCAST, INIT, &NONCE);
        let (channel, command, answer) = sent(&acts);
        assert_eq!((channel, command), (BROADCAST, INIT));
        assert_eq!(answer[..8], NONCE);
        assert_eq!(answer[12..], [2, 0, 1, 0, 0x0c], "protocol 2, CBOR and no U2F");
        u32::from_be_bytes(answer[8..12].try_into().unwrap())
    }
}

/// The one message that was sent.
fn sent(acts: &[Act]) -> (u32, u8, Vec<u8>) {
    let [Act::Send(packets)] = acts else { panic!("one message: {acts:?}") };
    message(packets)
}

fn message(packets: &[Bytes]) -> (u32, u8, Vec<u8>) {
    let (first, rest) = packets.split_first().unwrap();
    let Packet::Initial { channel, command, length, payload } = Packet::of(first) else { panic!("no first packet") };
    let mut message = payload.to_vec();
    for (number, packet) in (0..).zip(rest) {
        let Packet::Continuation { channel: same, sequence, payload } = Packet::of(packet) else {
            panic!("a first one")
        };
        assert_eq!((same, sequence), (channel, number));
        message.extend(payload);
    }
    message.truncate(length);
    assert_eq!(message.len(), length);
    (channel, command, message)
}

#[test]
fn messages_of_every_length_come_back_as_they_were_sent() {
    let mut host = Host::new();
    let channel = host.channel();
    for length in [0, 1, 56, 57, 58, 116, 117, 1_000, 7_608, 7_609] {
        let ping: Vec<u8> = (0..length).map(|index: usize| index.to_le_bytes()[0]).collect();
        assert_eq!(sent(&host.sends(channel, PING, &ping)), (channel, PING, ping));
    }
}

#[test]
fn a_request_is_served_kept_alive_and_answered() {
    let mut host = Host::new();
    let channel = host.channel();
    assert_eq!(host.protocol.keep_alive(), None);
    assert_eq!(host.sends(channel, CBOR, &[4]), [Act::Serve(channel, vec![4])]);
    assert_eq!(message(&host.protocol.keep_alive().unwrap()), (channel, KEEPALIVE, vec![2]));
    let answer = vec![7; 500];
    assert_eq!(message(&host.protocol.answered(&answer).unwrap()), (channel, CBOR, answer));
    assert_eq!(host.protocol.answered(&[0]), None, "nobody waits for another");
}

#[test]
fn while_one_channel_is_served_the_others_are_told_that_it_is_busy() {
    let mut host = Host::new();
    let (one, other) = (host.channel(), host.channel());
    assert_ne!(one, other);
    host.sends(one, CBOR, &[4]);
    for channel in [one, other] {
        assert_eq!(sent(&host.sends(channel, PING, &[1])), (channel, ERROR, vec![0x06]));
    }
    host.channel();
    host.protocol.answered(&[0]).unwrap();
    let half = packets(one, PING, &[1; 100]);
    assert!(host.protocol.receive(&half[0], host.now).is_empty());
    assert_eq!(sent(&host.sends(other, PING, &[1])), (other, ERROR, vec![0x06]));
    assert_eq!(sent(&host.protocol.receive(&half[1], host.now)).2, [1; 100], "which disturbs nobody");
}

#[test]
fn threat_program_a_request_is_taken_back_by_its_own_channel_alone() {
    let mut host = Host::new();
    let (one, other) = (host.channel(), host.channel());
    assert!(host.sends(one, CANCEL, &[]).is_empty(), "there is nothing to take back");
    host.sends(one, CBOR, &[1]);
    assert!(host.sends(other, CANCEL, &[]).is_empty());
    assert_eq!(host.sends(one, CANCEL, &[]), [Act::Cancel]);
    assert!(host.protocol.answered(&[0x2d]).is_some(), "it is answered all the same");
}

#[test]
fn an_init_brings_its_own_channel_back_to_the_beginning() {
    let mut host = Host::new();
    let (one, other) = (host.channel(), host.channel());
    host.sends(one, CBOR, &[1]);
    assert_eq!(host.sends(other, INIT, &NONCE).len(), 1, "the other's request goes on");
    let acts = host.sends(one, INIT, &NONCE);
    assert_eq!(acts[0], Act::Cancel);
    assert_eq!(sent(&acts[1..]).2[8..12], one.to_be_bytes());
    assert_eq!(host.protocol.answered(&[0]), None);
    host.protocol.receive(&packets(one, PING, &[1; 100])[0], host.now);
    assert_eq!(sent(&host.sends(one, INIT, &NONCE)).1, INIT);
    assert_eq!(sent(&host.sends(one, PING, &[5])).2, [5]);
}

#[test]
fn a_message_whose_next_packet_does_not_come_is_given_up_on() {
    let mut host = Host::new();
    let channel = host.channel();
    assert_eq!(host.protocol.expires_at(), None);
    let whole = packets(channel, PING, &[1; 200]);
    host.protocol.receive(&whole[0], host.now);
    host.now += Duration::from_millis(499);
    assert!(host.protocol.receive(&whole[1], host.now).is_empty());
    host.now += Duration::from_millis(499);
    assert!(host.protocol.expire(host.now).is_empty(), "each packet has its own time");
    host.now += Duration::from_millis(1);
    assert_eq!(sent(&host.protocol.expire(host.now)), (channel, ERROR, vec![0x05]));
    assert!(host.protocol.receive(&whole[2], host.now).is_empty(), "what comes late is of nothing");
}

#[test]
fn packets_that_do_not_fit_are_told_so_or_ignored() {
    let mut host = Host::new();
    let channel = host.channel();
    let packet = |kind: u8, length: u16, channel: u32| {
        let mut packet = [0; 64];
        packet[..4].copy_from_slice(&channel.to_be_bytes());
        packet[4] = kind;
        packet[5..7].copy_from_slice(&length.to_be_bytes());
        packet
    };
    for (first, code) in [
        (packet(0x80 | PING, 1, 0), 0x0b),
        (packet(0x80 | PING, 1, channel + 1), 0x0b),
        (packet(0x80 | PING, 1, BROADCAST), 0x0b),
        (packet(0x80 | INIT, 8, 0), 0x0b),
        (packet(0x80 | INIT, 8, channel + 1), 0x0b),
        (packet(0x80 | INIT, 7, BROADCAST), 0x03),
        (packet(0x80 | CBOR, 0, channel), 0x03),
        (packet(0x80 | CBOR, 7_610, channel), 0x03),
        (packet(0x80 | 0x03, 1, channel), 0x01),
        (packet(0x80 | 0x08, 0, channel), 0x01),
        (packet(0x80 | 0x40, 0, channel), 0x01),
    ] {
        assert_eq!(sent(&host.protocol.receive(&first, host.now)).2, [code], "{:02x?}", &first[..7]);
    }
    assert!(host.protocol.receive(&packet(0, 0, channel), host.now).is_empty(), "a continuation of nothing");
    host.protocol.receive(&packet(0x80 | PING, 100, channel), host.now);
    assert_eq!(sent(&host.protocol.receive(&packet(1, 0, channel), host.now)).2, [0x04], "out of sequence");
    host.protocol.receive(&packet(0x80 | PING, 100, channel), host.now);
    assert_eq!(sent(&host.protocol.receive(&packet(0x80 | PING, 100, channel), host.now)).2, [0x04]);
}
