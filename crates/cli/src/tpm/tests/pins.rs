use super::{
    chip::{Chip, PIN, pin, secret},
    sign,
};
use crate::tpm::{KeyAuth, NoAuth, TpmError};

#[test]
fn wrong_pins_count_until_the_chip_locks() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    let (key, free) = (tpm.create(&pin(), None).unwrap(), tpm.create(&secret(), None).unwrap());
    let wrong = KeyAuth::of_pin(&[1; 32]).unwrap();
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
    let key = tpm.create(&pin(), None).unwrap();
    for _ in 0..10 {
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&PIN).unwrap()), Err(TpmError::WrongSecret));
    }
    sign(&mut tpm, &key, &pin()).unwrap();
}

#[test]
fn a_secret_that_ends_in_zeros_is_one_too() {
    let chip = Chip::new();
    let mut tpm = chip.open();
    for zeros in [1, 2, 31] {
        let mut value = [7; 32];
        value[32 - zeros..].fill(0);
        let key = tpm.create(&KeyAuth::of_secret(&value).unwrap(), None).unwrap();
        sign(&mut tpm, &key, &KeyAuth::of_secret(&value).unwrap()).unwrap();
        value[0] = 8;
        assert_eq!(sign(&mut tpm, &key, &KeyAuth::of_secret(&value).unwrap()), Err(TpmError::WrongSecret));
    }
}

#[test]
fn zeros_are_no_secret() {
    assert_eq!(KeyAuth::of_pin(&[0; 32]).unwrap_err(), NoAuth);
    assert_eq!(KeyAuth::of_secret(&[0; 32]).unwrap_err(), NoAuth);
}
