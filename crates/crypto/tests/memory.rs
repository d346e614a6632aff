//! What was opened leaves no copy in memory that was given back.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

use keyfold_crypto::exact::{self, Malformed};
use keyfold_wire::v1;
use prost::Message;
use zeroize::Zeroizing;

#[test]
fn reading_an_opened_item_leaves_its_private_key_nowhere() {
    let key = PrivateKey(0x35);
    let opened = key.item();
    assert!(key.is_in_memory(), "while the plaintext is there, it is found");
    let item: v1::Item = exact::decode(&opened, opened.len()).unwrap();
    drop(opened);
    assert!(key.is_in_memory(), "while the item is there, it is found");
    drop(item);
    assert!(!key.is_in_memory());
}

#[test]
fn neither_does_an_opened_item_that_is_refused() {
    type Damage = fn(&mut Vec<u8>);
    let cut_short: Damage = |bytes| bytes.truncate(bytes.len() - 1);
    let unknown_field: Damage = |bytes| bytes.extend([0x78, 1]);
    let overlong_varint: Damage = |bytes| drop(bytes.splice(1..2, [0x81, 0]));
    let another_order: Damage = |bytes| bytes.rotate_left(2);
    for (number, damage) in [cut_short, unknown_field, overlong_varint, another_order].into_iter().enumerate() {
        let key = PrivateKey(0x71 + number);
        let mut opened = key.item();
        damage(&mut opened);
        assert_eq!(exact::decode::<v1::Item>(&opened, opened.len()), Err(Malformed::NotCanonical));
        drop(opened);
        assert!(!key.is_in_memory(), "damage {number}");
    }
}

#[test]
fn a_message_takes_its_key_along() {
    let [device, session] = [PrivateKey(0x11), PrivateKey(0x12)];
    let secrets = v1::DeviceSecrets {
        version: 1,
        account: vec![1; 16],
        signing_algorithm: 1,
        signing_key: device.bytes(),
        wrapping_key: device.bytes(),
        local_key: device.bytes(),
    };
    let opened = v1::SessionOpened { session: "session".to_owned(), secret: session.bytes(), expires_at: 1 };
    assert!(device.is_in_memory() && session.is_in_memory());
    drop((secrets, opened));
    assert!(!device.is_in_memory());
    assert!(!session.is_in_memory());
}

/// A private key that is never written down whole, but where a test puts it.
#[derive(Clone, Copy)]
struct PrivateKey(usize);

impl PrivateKey {
    fn byte(self, index: usize) -> u8 {
        u8::try_from((index * 151 + self.0 * 89 + index * index * 7) % 251).unwrap()
    }

    fn bytes(self) -> Vec<u8> {
        (0..KEY).map(|index| self.byte(index)).collect()
    }

    /// The plaintext of an item with this key, with room to grow in place.
    fn item(self) -> Zeroizing<Vec<u8>> {
        let passkey = v1::Passkey {
            rp_id: "example.org".to_owned(),
            credential_id: vec![1; 32],
            user_handle: vec![2; 16],
            algorithm: -7,
            private_key: self.bytes(),
            cred_random_with_uv: vec![3; 32],
            cred_random_without_uv: vec![4; 32],
            created_at: 1_700_000_000_000,
            created_by: vec![5; 16],
            backup_eligible: true,
            cred_blob: Vec::new(),
            imported: None,
            cred_protect: 0,
            server_side: false,
            bound_by: 0,
        };
        let field = v1::Field { tag: v1::FieldTag::Label.into(), stamp: None, value: b"Work".to_vec() };
        let item = v1::Item { version: 1, passkey: Some(passkey), fields: vec![field], ..v1::Item::default() };
        let mut bytes = Zeroizing::new(Vec::with_capacity(item.encoded_len() + 16));
        item.encode(&mut *bytes).unwrap();
        bytes
    }

    /// Whether the second half of the key is anywhere in this process's memory. The allocator itself may write over the
    /// first bytes of what it is given back.
    fn is_in_memory(self) -> bool {
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut window = Zeroizing::new(vec![0; WINDOW + KEY]);
        maps.lines().filter(|line| line.contains(" rw-p ") && !line.ends_with("[stack]")).any(|line| {
            let (first, last) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [first, last] = [first, last].map(|address| u64::from_str_radix(address, 16).unwrap());
            (first..last).step_by(WINDOW).any(|at| {
                let length = window.len().min(usize::try_from(last - at).unwrap());
                let window = &mut window[..length];
                memory.read_exact_at(window, at).is_ok() && self.is_in(window)
            })
        })
    }

    fn is_in(self, bytes: &[u8]) -> bool {
        // Most of a process's memory is empty, and not worth a closer look.
        let empty = bytes.split_first().is_none_or(|(first, rest)| *first == 0 && rest == &bytes[..rest.len()]);
        !empty
            && bytes
                .windows(KEY / 2)
                .any(|bytes| bytes.iter().zip(KEY / 2..).all(|(byte, index)| *byte == self.byte(index)))
    }
}

const KEY: usize = 32;
const WINDOW: usize = 64 * 1024;
