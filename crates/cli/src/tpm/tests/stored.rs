use super::{
    area_of,
    chip::{Chip, pin, secret},
    sign,
};
use crate::tpm::{AttestationKey, BoundKey, NotAKey, TpmError};

#[test]
fn a_copy_of_the_store_is_of_no_use_on_another_machine() {
    let (mine, thiefs) = (Chip::new(), Chip::new());
    let key = mine.open().create(&pin(), None).unwrap();
    let mut tpm = thiefs.open();
    assert_eq!(sign(&mut tpm, &key, &pin()), Err(TpmError::NotItsKey));

    // Nor if the thief writes their own storage key's name into it.
    let theirs = tpm.create(&pin(), None).unwrap().to_bytes();
    let mut bytes = key.to_bytes();
    let name = bytes.len() - 34;
    bytes[name..].copy_from_slice(&theirs[theirs.len() - 34..]);
    assert_eq!(sign(&mut tpm, &BoundKey::from_bytes(&bytes).unwrap(), &pin()), Err(TpmError::NotItsKey));
}

#[test]
fn a_flipped_byte_is_refused_wherever_it_is() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&secret(), None).unwrap();
    let bytes = key.to_bytes();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x01;
        match BoundKey::from_bytes(&flipped) {
            Err(NotAKey) => {}
            Ok(key) => assert_eq!(sign(&mut tpm, &key, &secret()), Err(TpmError::NotItsKey), "at {at}"),
        }
    }
    sign(&mut tpm, &key, &secret()).unwrap();
}

#[test]
fn what_was_stored_is_read_strictly() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin(), None).unwrap();
    let bytes = key.to_bytes();
    for length in 0..bytes.len() {
        assert_eq!(BoundKey::from_bytes(&bytes[..length]), Err(NotAKey), "{length}");
    }
    assert_eq!(BoundKey::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(NotAKey));
    // A private part of any length, but not too long.
    let with_private = |length: u16| {
        let rest = &bytes[area_of(&bytes) - 2..];
        [&[1], length.to_be_bytes().as_slice(), &vec![7; length.into()], rest].concat()
    };
    for (length, reads) in [(0, false), (1, true), (512, true), (513, false), (u16::MAX, false)] {
        assert_eq!(BoundKey::from_bytes(&with_private(length)).is_ok(), reads, "{length}");
    }
    // Something after the point.
    let mut other = bytes.clone();
    let (area, name) = (area_of(&bytes), bytes.len() - 34);
    other[area - 1] += 1;
    other.insert(name, 0);
    assert_eq!(BoundKey::from_bytes(&other), Err(NotAKey));
    // Every bit of the attributes: what may be taken out, or was brought in, is no key of ours, and nor is any other.
    let attributes = area_of(&bytes) + 4;
    for bit in 0..32 {
        let mut other = bytes.clone();
        other[attributes + bit / 8] ^= 0x80 >> (bit % 8);
        let no_da = 31 - bit == 10;
        assert_eq!(BoundKey::from_bytes(&other).is_ok(), no_da, "{bit}");
    }
    // The two kinds are not taken for each other.
    let attestation = tpm.create_attestation_key().unwrap();
    assert_eq!(BoundKey::from_bytes(&attestation.to_bytes()), Err(NotAKey));
    assert_eq!(AttestationKey::from_bytes(&bytes), Err(NotAKey));
    assert_eq!(AttestationKey::from_bytes(&attestation.to_bytes()).unwrap(), attestation);
}
