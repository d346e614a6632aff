use std::fs;

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use tss_esapi::interface_types::session_handles::AuthSession;

use super::{
    MESSAGE,
    chip::{Chip, loaded, pin, port_of_two, secret},
    sha256, sign,
};
use crate::tpm::{BoundKey, KeyAuth, Tpm, TpmAddress, TpmError};

#[test]
fn a_key_signs_for_its_pin_or_its_secret() {
    let chip = Chip::new();
    let attestation = chip.open().create_attestation_key().unwrap();
    for auth in [pin(), secret()] {
        let key = chip.open().create(&auth, Some(&attestation.storage_key())).unwrap();
        // Another day.
        let stored = key.to_bytes();
        assert!(stored.len() <= 700);
        let key = BoundKey::from_bytes(&stored).unwrap();
        sign(&mut chip.open(), &key, &auth).unwrap();
    }
}

#[test]
fn a_hundred_signatures_leave_nothing_behind() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin(), None).unwrap();
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
    let key = tpm.create(&secret(), None).unwrap();
    let mut broken = key.to_bytes();
    broken[40] ^= 1;
    let broken = BoundKey::from_bytes(&broken).unwrap();
    for _ in 0..10 {
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&[1; 32]).unwrap()), Err(TpmError::WrongSecret));
        assert_eq!(sign(&mut tpm, &broken, &secret()), Err(TpmError::NotItsKey));
    }
    assert_eq!(loaded(&mut tpm), 0);
    sign(&mut tpm, &key, &secret()).unwrap();
}

#[test]
fn what_is_no_tpm_is_told() {
    let at = |address: &str| Tpm::open(&address.parse::<TpmAddress>().unwrap()).unwrap_err();
    assert!(matches!(at("device:/dev/no-tpm-here"), TpmError::NotThere(_)));
    assert!(matches!(at("device:/dev/null"), TpmError::NotThere(_)));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "a user's own file").unwrap();
    assert!(matches!(at(&format!("device:{}", file.path().display())), TpmError::NotThere(_)));
    assert_eq!(fs::read(&file).unwrap(), b"a user's own file");
    let port = port_of_two();
    assert!(matches!(at(&format!("swtpm:host=127.0.0.1,port={port}")), TpmError::NotThere(_)));
}

#[test]
fn an_owner_with_a_password_is_told() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&secret(), None).unwrap();
    let password = b"administered".as_slice().try_into().unwrap();
    tpm.context
        .execute_with_session(Some(AuthSession::Password), |context| {
            context.hierarchy_change_auth(tss_esapi::handles::AuthHandle::Owner, password)
        })
        .unwrap();
    drop(tpm);
    let mut tpm = chip.open();
    assert_eq!(tpm.create(&secret(), None), Err(TpmError::HasPassword));
    assert_eq!(sign(&mut tpm, &key, &secret()), Err(TpmError::HasPassword));
}

#[test]
fn nothing_secret_is_printed() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let key = tpm.create(&pin(), None).unwrap();
    assert_eq!(format!("{:?}", pin()), "KeyAuth { kind: Counted, .. }");
    assert_eq!(format!("{key:?} {tpm:?}"), "BoundKey(..) Tpm(..)");
}

#[test]
fn it_may_be_used_by_another_thread() {
    fn movable<T: Send>() {}
    movable::<Tpm>();
    movable::<BoundKey>();
}
