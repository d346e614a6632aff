use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use tss_esapi::{
    interface_types::{resource_handles::Hierarchy, session_handles::AuthSession},
    traits::Marshall,
};

use super::{
    MESSAGE, area_of,
    chip::{Chip, PIN, pin},
    sha256, sign,
    wire::Wire,
};
use crate::tpm::{TpmError, area};

#[test]
fn a_chip_in_place_of_the_right_one_learns_nothing() {
    let (right, other) = (Chip::new(), Chip::new());
    let key = right.open().create(&pin(), None).unwrap();
    let wire = Wire::to(&other, |_| {});
    assert_eq!(sign(&mut wire.open(), &key, &pin()), Err(TpmError::NotItsKey));
    assert_eq!(wire.open().create(&pin(), Some(&key.storage_key())), Err(TpmError::NotItsKey));
    assert_eq!(wire.commands(CREATE_PRIMARY).len(), 2);
    for code in [START_AUTH_SESSION, LOAD, SIGN] {
        assert!(wire.commands(code).is_empty(), "{code:#x}");
    }
}

#[test]
fn whoever_listens_on_the_wires_hears_no_secret() {
    let chip = Chip::new();
    let wire = Wire::to(&chip, |_| {});
    let mut tpm = wire.open();
    let key = tpm.create(&pin(), None).unwrap();
    sign(&mut tpm, &key, &pin()).unwrap();
    // They do hear: the public key, when it is loaded.
    assert!(wire.heard(&key.point()[1..33]));
    assert_eq!(wire.commands(CREATE_PRIMARY).len(), 2);
    assert!(!wire.commands(SIGN).is_empty());
    assert!(!wire.heard(&PIN) && !wire.heard(&PIN[..8]));
    assert!(!wire.heard(&sha256(MESSAGE)));
    // Nor can they compute what the sessions are encrypted by: each has a salt, to a key in the chip, and bound to nothing.
    let sessions = wire.commands(START_AUTH_SESSION);
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        assert_eq!((session[10], &session[14..18]), (TRANSIENT, RH_NULL.as_slice()));
        let nonce = usize::from(u16::from_be_bytes([session[18], session[19]]));
        let salt = u16::from_be_bytes([session[20 + nonce], session[21 + nonce]]);
        assert_eq!(salt, 2 * (2 + 32), "a point of P-256");
    }
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
    let theirs = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let theirs = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, theirs.as_ref(), &random).unwrap();
    their_point[2..34].copy_from_slice(&theirs.public_key().as_ref()[1..33]);
    their_point[36..].copy_from_slice(&theirs.public_key().as_ref()[33..]);

    let wire = Wire::to(&chip, move |answer| {
        if let Some(at) = answer.windows(68).position(|part| part == real_point) {
            answer[at..at + 68].copy_from_slice(&their_point);
        }
    });
    assert!(matches!(wire.open().create(&pin(), None), Err(TpmError::Failed(_))));
    assert_eq!(wire.commands(CREATE_PRIMARY).len(), 1);
    assert!(wire.commands(START_AUTH_SESSION).is_empty());
}

/// TPM_CC.
const CREATE_PRIMARY: u32 = 0x131;
const START_AUTH_SESSION: u32 = 0x176;
const LOAD: u32 = 0x157;
const SIGN: u32 = 0x15d;
/// TPM_RH_NULL.
const RH_NULL: [u8; 4] = [0x40, 0x00, 0x00, 0x07];
/// TPM_HT_TRANSIENT.
const TRANSIENT: u8 = 0x80;
