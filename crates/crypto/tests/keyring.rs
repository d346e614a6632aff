//! What opens a device's secrets beside the passphrase: a key that others can lose, change and put elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_crypto::{
    exact::Malformed,
    keyring::{self, KeyringKey, KeyringKeyError, Owner},
    passphrase::{self, PassphraseError},
    random,
};
use keyfold_wire::{AccountId, MemberId, v1::KeyringSecrets};
use prost::Message;

const OWNER: Owner = Owner { account: AccountId::new([1; 16]), device: MemberId::new([6; 16]) };

fn sealed() -> (KeyringKey, Vec<u8>) {
    keyring::seal(&OWNER, b"secrets", &mut random::system())
}

fn refused(key: &KeyringKey, owner: &Owner, sealed: &[u8]) -> KeyringKeyError {
    keyring::open(key, owner, sealed).expect_err("it opens")
}

#[test]
fn threat_keyring_a_key_opens_what_it_was_drawn_for_and_nothing_else() {
    let (key, first) = sealed();
    let (other, second) = sealed();
    assert_eq!(*keyring::open(&key, &OWNER, &first).expect("opens"), b"secrets");
    assert!(key != other && !second.windows(7).any(|bytes| bytes == b"secrets"));
    for (key, sealed) in [(&key, &second), (&other, &first), (&KeyringKey::new([0; 32]), &first)] {
        assert_eq!(refused(key, &OWNER, sealed), KeyringKeyError::WrongKey);
    }
    for elsewhere in [
        Owner { account: AccountId::new([9; 16]), ..OWNER },
        Owner { device: MemberId::new([9; 16]), ..OWNER },
        // The same bytes, cut at another place.
        Owner { account: AccountId::new([6; 16]), device: MemberId::new([1; 16]) },
    ] {
        assert_eq!(refused(&key, &elsewhere, &first), KeyringKeyError::WrongKey, "{elsewhere:?}");
    }
}

#[test]
fn threat_keyring_changed_bytes_are_one_error() {
    let (key, sealed) = sealed();
    let message = KeyringSecrets::decode(sealed.as_slice()).expect("decodes");
    let changes: [fn(&mut KeyringSecrets); 5] = [
        |sealed| sealed.nonce[0] ^= 1,
        |sealed| sealed.commitment[31] ^= 1,
        |sealed| sealed.ciphertext[0] ^= 1,
        |sealed| sealed.ciphertext.truncate(3),
        |sealed| sealed.commitment.clear(),
    ];
    for change in changes {
        let mut changed = message.clone();
        change(&mut changed);
        assert_eq!(refused(&key, &OWNER, &changed.encode_to_vec()), KeyringKeyError::WrongKey, "{changed:?}");
    }
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&key, &OWNER, &flipped);
    }
}

#[test]
fn threat_keyring_another_form_is_refused_and_never_the_passphrases() {
    let (key, sealed) = sealed();
    let message = KeyringSecrets::decode(sealed.as_slice()).expect("decodes");
    for other in [0, 2, u32::MAX] {
        for message in
            [KeyringSecrets { suite: other, ..message.clone() }, KeyringSecrets { key_form: other, ..message.clone() }]
        {
            assert_eq!(refused(&key, &OWNER, &message.encode_to_vec()), KeyringKeyError::Form, "{message:?}");
        }
    }
    let short = KeyringSecrets { nonce: vec![7; 11], ..message.clone() }.encode_to_vec();
    assert_eq!(refused(&key, &OWNER, &short), KeyringKeyError::Malformed(Malformed::NotCanonical));
    let long = KeyringSecrets { ciphertext: vec![7; keyring::MAX_LEN], ..message }.encode_to_vec();
    let too_long = Malformed::TooLong { limit: keyring::MAX_LEN };
    assert_eq!(refused(&key, &OWNER, &long), KeyringKeyError::Malformed(too_long));

    let by_passphrase = passphrase::seal(key.expose(), b"secrets", &mut random::system()).expect("seals");
    let malformed = Malformed::NotCanonical;
    assert_eq!(refused(&key, &OWNER, &by_passphrase), KeyringKeyError::Malformed(malformed));
    let by_keyring = passphrase::open(key.expose(), &sealed);
    assert_eq!(by_keyring, Err(PassphraseError::Malformed(malformed)));
}
