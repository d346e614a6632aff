use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{self, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};
use tss_esapi::{
    interface_types::{resource_handles::Hierarchy, session_handles::AuthSession},
    traits::Marshall,
};

use super::{
    chip::{Chip, PIN, loaded, open, pin, secret},
    wire::Wire,
};
use crate::tpm::{AttestationKey, BoundKey, KeyAuth, NotAKey, Tpm, TpmAddress, TpmError, area};

const MESSAGE: &[u8] = b"authenticator data and the hash of client data";

fn sha256(message: &[u8]) -> [u8; 32] {
    digest(&SHA256, message).as_ref().try_into().unwrap()
}

fn sign(tpm: &mut Tpm, key: &BoundKey, auth: &KeyAuth) -> Result<(), TpmError> {
    let signature = tpm.sign(key, auth, &sha256(MESSAGE))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point()).verify(MESSAGE, signature.as_bytes()).unwrap();
    Ok(())
}

/// Where the public area begins in what is stored.
fn area_of(bytes: &[u8]) -> usize {
    3 + usize::from(u16::from_be_bytes([bytes[1], bytes[2]])) + 2
}

#[test]
fn a_key_signs_for_its_pin_or_its_secret() {
    let chip = Chip::new();
    for auth in [pin(), secret()] {
        let key = chip.open().create(&auth).unwrap();
        // Another day.
        let stored = key.to_bytes();
        assert!(stored.len() <= 700);
        let key = BoundKey::from_bytes(&stored).unwrap();
        sign(&mut chip.open(), &key, &auth).unwrap();
    }
}

#[test]
fn a_secret_that_ends_in_zeros_is_one_too() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    for zeros in [1, 2, 31] {
        let mut value = [7; 32];
        value[32 - zeros..].fill(0);
        let key = tpm.create(&KeyAuth::of_secret(&value)).unwrap();
        sign(&mut tpm, &key, &KeyAuth::of_secret(&value)).unwrap();
        value[0] = 8;
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&value)), Err(TpmError::WrongSecret));
    }
}

#[test]
fn a_hundred_signatures_leave_nothing_behind() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin()).unwrap();
    let mut half = [0xff; 32];
    half[0] = 0x7f;
    for _ in 0..100 {
        let signature = tpm.sign(&key, &pin(), &sha256(MESSAGE)).unwrap();
        // n is less than 2^256, by more than a random s comes near to.
        assert!(signature.as_bytes()[32..] <= half[..], "the lower s");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point()).verify(MESSAGE, signature.as_bytes()).unwrap();
    }
    assert_eq!(loaded(&mut tpm), 0);
}

#[test]
fn nor_do_refusals() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&secret()).unwrap();
    let mut broken = key.to_bytes();
    broken[40] ^= 1;
    let broken = BoundKey::from_bytes(&broken).unwrap();
    for _ in 0..10 {
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&[1; 32])), Err(TpmError::WrongSecret));
        assert_eq!(sign(&mut tpm, &broken, &secret()), Err(TpmError::NotItsKey));
    }
    assert_eq!(loaded(&mut tpm), 0);
    sign(&mut tpm, &key, &secret()).unwrap();
}

#[test]
fn a_copy_of_the_store_is_of_no_use_on_another_machine() {
    let (mine, thiefs) = (Chip::new(), Chip::new());
    let key = mine.open().create(&pin()).unwrap();
    let mut tpm = thiefs.open();
    assert_eq!(sign(&mut tpm, &key, &pin()), Err(TpmError::NotItsKey));

    // Nor if the thief writes their own storage key's name into it.
    let theirs = tpm.create(&pin()).unwrap().to_bytes();
    let mut bytes = key.to_bytes();
    let name = bytes.len() - 34;
    bytes[name..].copy_from_slice(&theirs[theirs.len() - 34..]);
    assert_eq!(sign(&mut tpm, &BoundKey::from_bytes(&bytes).unwrap(), &pin()), Err(TpmError::NotItsKey));
}

#[test]
fn a_chip_in_place_of_the_right_one_learns_nothing() {
    let (right, other) = (Chip::new(), Chip::new());
    let key = right.open().create(&pin()).unwrap();
    let wire = Wire::to(&other, |_| {});
    assert_eq!(sign(&mut wire.open(), &key, &pin()), Err(TpmError::NotItsKey));
    assert_eq!(wire.commands(CREATE_PRIMARY), 1);
    assert_eq!(wire.commands(START_AUTH_SESSION) + wire.commands(LOAD) + wire.commands(SIGN), 0);
}

#[test]
fn a_flipped_byte_is_refused_wherever_it_is() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&secret()).unwrap();
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
    let key = tpm.create(&pin()).unwrap();
    let bytes = key.to_bytes();
    for length in 0..bytes.len() {
        assert_eq!(BoundKey::from_bytes(&bytes[..length]), Err(NotAKey), "{length}");
    }
    assert_eq!(BoundKey::from_bytes(&[bytes.as_slice(), &[0]].concat()), Err(NotAKey));
    for length in [0_u16, 513, 0xffff] {
        let mut other = bytes.clone();
        other[1..3].copy_from_slice(&length.to_be_bytes());
        other.resize(70_000, 0);
        assert_eq!(BoundKey::from_bytes(&other), Err(NotAKey), "{length}");
    }
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

#[test]
fn wrong_pins_count_until_the_chip_locks() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let (key, free) = (tpm.create(&pin()).unwrap(), tpm.create(&secret()).unwrap());
    let wrong = KeyAuth::of_pin(&[1; 32]);
    let mut left = match sign(&mut tpm, &key, &wrong) {
        Err(TpmError::WrongPin { left }) => left,
        other => panic!("{other:?}"),
    };
    assert!(left > 0);
    // The right one does not make up for it.
    sign(&mut tpm, &key, &pin()).unwrap();
    while left > 0 {
        left -= 1;
        assert_eq!(sign(&mut tpm, &key, &wrong), Err(TpmError::WrongPin { left }));
    }
    // Locked, for the right one as well, and by another process; but not what nobody guesses.
    for auth in [&wrong, &pin()] {
        let locked = sign(&mut tpm, &key, auth).unwrap_err();
        assert!(matches!(locked, TpmError::LockedOut { seconds: 1.. }), "{locked:?}");
    }
    sign(&mut tpm, &free, &secret()).unwrap();
    drop(tpm);
    assert!(matches!(sign(&mut chip.open(), &key, &pin()), Err(TpmError::LockedOut { .. })));
}

#[test]
fn a_secret_is_not_tried_as_a_pin() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin()).unwrap();
    for _ in 0..10 {
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&PIN)), Err(TpmError::WrongSecret));
    }
    sign(&mut tpm, &key, &pin()).unwrap();
}

#[test]
fn whoever_listens_on_the_wires_hears_no_secret() {
    let chip = Chip::new();
    let wire = Wire::to(&chip, |_| {});
    let mut tpm = wire.open();
    let key = tpm.create(&pin()).unwrap();
    sign(&mut tpm, &key, &pin()).unwrap();
    // They do hear: the public key, when it is loaded.
    assert!(wire.heard(&key.point()[1..33]));
    assert_eq!(wire.commands(CREATE_PRIMARY), 2);
    assert!(wire.commands(SIGN) >= 1);
    assert!(!wire.heard(&PIN) && !wire.heard(&PIN[..8]));
    assert!(!wire.heard(&sha256(MESSAGE)));
    // What is stored of the private part passes encrypted once more.
    let bytes = key.to_bytes();
    assert!(!wire.heard(&bytes[3..area_of(&bytes) - 2]));
}

#[test]
fn whoever_puts_their_key_in_place_of_the_storage_key_is_found_out() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let real = tpm
        .context
        .execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Owner, area::storage_key().unwrap(), None, None, None, None)
        })
        .unwrap();
    let real_area = real.out_public.marshall().unwrap();
    tpm.context.flush_context(real.key_handle.into()).unwrap();
    drop(tpm);
    // x and y, each after its length.
    let real_point = real_area[real_area.len() - 68..].to_vec();
    let mut their_point = real_point.clone();
    let random = SystemRandom::new();
    let theirs = EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let theirs =
        EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, theirs.as_ref(), &random).unwrap();
    their_point[2..34].copy_from_slice(&theirs.public_key().as_ref()[1..33]);
    their_point[36..].copy_from_slice(&theirs.public_key().as_ref()[33..]);

    let wire = Wire::to(&chip, move |answer| {
        if let Some(at) = answer.windows(68).position(|part| part == real_point) {
            answer[at..at + 68].copy_from_slice(&their_point);
        }
    });
    assert!(matches!(wire.open().create(&pin()), Err(TpmError::Failed(_))));
    assert_eq!((wire.commands(CREATE_PRIMARY), wire.commands(START_AUTH_SESSION)), (1, 0));
}

#[test]
fn no_chip_no_permission_and_no_tpm_are_told_apart() {
    let at = |address: &str| Tpm::open(&address.parse::<TpmAddress>().unwrap()).unwrap_err();
    assert!(matches!(at("device:/dev/no-tpm-here"), TpmError::NotThere(_)));
    assert!(matches!(at("device:/etc/hostname"), TpmError::NotThere(_)));
    assert!(matches!(at("device:/dev/null"), TpmError::NotThere(_)));
    let port = super::chip::port_of_two();
    assert!(matches!(at(&format!("swtpm:host=127.0.0.1,port={port}")), TpmError::NotThere(_)));
}

#[test]
fn an_owner_with_a_password_is_told() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&secret()).unwrap();
    let password = b"administered".as_slice().try_into().unwrap();
    tpm.context
        .execute_with_session(Some(AuthSession::Password), |context| {
            context.hierarchy_change_auth(tss_esapi::handles::AuthHandle::Owner, password)
        })
        .unwrap();
    drop(tpm);
    let mut tpm = open(chip.port());
    assert_eq!(tpm.create(&secret()), Err(TpmError::HasPassword));
    assert_eq!(sign(&mut tpm, &key, &secret()), Err(TpmError::HasPassword));
}

#[test]
fn nothing_secret_is_printed() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin()).unwrap();
    assert_eq!(format!("{:?}", pin()), "KeyAuth { kind: Counted, .. }");
    assert_eq!(format!("{key:?} {tpm:?}"), "BoundKey(..) Tpm(..)");
}

#[test]
fn it_may_be_used_by_another_thread() {
    fn movable<T: Send>() {}
    movable::<Tpm>();
    movable::<BoundKey>();
}

/// TPM_CC.
const CREATE_PRIMARY: u32 = 0x131;
const START_AUTH_SESSION: u32 = 0x176;
const LOAD: u32 = 0x157;
const SIGN: u32 = 0x15d;
