use zeroize::Zeroizing;

use super::*;
use crate::{MemoryStore, RpId};

fn pin(text: &str) -> Pin {
    Pin::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn with_pin(text: &str) -> MemoryStore {
    let mut store = MemoryStore::default();
    set_pin(&mut store, &pin(text)).unwrap();
    store
}

#[test]
fn a_pin_has_four_characters_and_at_most_63_bytes() {
    let fits = |text: &str| Pin::new(Zeroizing::new(text.to_owned())).is_ok();
    assert!(!fits("123") && fits("1234") && fits("äöüß") && !fits("äöü"));
    assert!(fits(&"1".repeat(63)) && !fits(&"1".repeat(64)) && !fits(&"ä".repeat(32)));
}

#[test]
fn threat_program_eight_wrong_pins_block_it_and_three_in_a_row_wait_for_a_power_cycle() {
    let mut store = with_pin("1234");
    for expected in
        [PinError::Wrong { left: 7 }, PinError::Wrong { left: 6 }, PinError::WrongInARow, PinError::WrongInARow]
    {
        assert_eq!(verify_pin(&mut store, &pin("0000")), Err(expected));
    }
    assert_eq!(verify_pin(&mut store, &pin("1234")), Err(PinError::WrongInARow), "not even the right one is tried");
    assert_eq!(store.device().unwrap().pin_retries(), 5);
    store.power_cycle();
    for expected in [PinError::Wrong { left: 4 }, PinError::Wrong { left: 3 }, PinError::WrongInARow] {
        assert_eq!(verify_pin(&mut store, &pin("0000")), Err(expected));
    }
    store.power_cycle();
    for expected in [PinError::Wrong { left: 1 }, PinError::Blocked, PinError::Blocked] {
        assert_eq!(verify_pin(&mut store, &pin("0000")), Err(expected));
    }
    store.power_cycle();
    assert_eq!(verify_pin(&mut store, &pin("1234")), Err(PinError::Blocked));
    set_pin(&mut store, &pin("5678")).unwrap();
    assert_eq!(verify_pin(&mut store, &pin("5678")), Ok(()));
}

#[test]
fn the_right_pin_brings_all_attempts_back() {
    let mut store = with_pin("1234");
    assert_eq!(verify_pin(&mut store, &pin("0000")), Err(PinError::Wrong { left: 7 }));
    assert_eq!(verify_pin(&mut store, &pin("1234")), Ok(()));
    assert_eq!(store.device().unwrap().pin_retries(), 8);
}

/// Whoever takes the power away between the attempt and its outcome has used it up.
#[test]
fn threat_program_an_attempt_is_kept_before_it_is_made() {
    struct Recording(MemoryStore, Vec<u8>);
    impl DeviceMemory for Recording {
        fn device(&self) -> Result<DeviceState, crate::StoreError> {
            self.0.device()
        }
        fn set_device(&mut self, state: &DeviceState) -> Result<(), crate::StoreError> {
            self.1.push(state.pin_retries());
            self.0.set_device(state)
        }
    }
    let mut store = Recording(with_pin("1234"), Vec::new());
    verify_pin(&mut store, &pin("1234")).unwrap();
    assert_eq!(store.1, [7, 8]);
}

#[test]
fn an_attempt_that_cannot_be_kept_is_not_made() {
    struct ReadOnly(MemoryStore);
    impl DeviceMemory for ReadOnly {
        fn device(&self) -> Result<DeviceState, crate::StoreError> {
            self.0.device()
        }
        fn set_device(&mut self, _: &DeviceState) -> Result<(), crate::StoreError> {
            Err(crate::StoreError::Unavailable)
        }
    }
    assert_eq!(verify_pin(&mut ReadOnly(with_pin("1234")), &pin("1234")), Err(PinError::Unavailable));
}

#[test]
fn a_pin_is_changed_by_whoever_knows_it() {
    let mut store = with_pin("1234");
    assert_eq!(change_pin(&mut store, &pin("0000"), &pin("5678")), Err(PinError::Wrong { left: 7 }));
    change_pin(&mut store, &pin("1234"), &pin("5678")).unwrap();
    assert_eq!(verify_pin(&mut store, &pin("5678")), Ok(()));
    assert_eq!(change_pin(&mut MemoryStore::default(), &pin("1234"), &pin("5678")), Err(PinError::NotSet));
}

#[test]
fn a_pin_that_must_be_changed_is_good_for_nothing_else_and_not_kept() {
    let mut store = with_pin("1234");
    let state = DeviceState { force_pin_change: true, min_pin_length: 6, ..store.device().unwrap() };
    store.set_device(&state).unwrap();
    assert_eq!(verify_pin(&mut store, &pin("1234")), Err(PinError::MustChange));
    for short in ["1234", "12345"] {
        assert_eq!(change_pin(&mut store, &pin("1234"), &pin(short)), Err(PinError::Policy));
    }
    change_pin(&mut store, &pin("1234"), &pin("123456")).unwrap();
    assert_eq!(verify_pin(&mut store, &pin("123456")), Ok(()));
}

#[test]
fn the_state_reads_back_as_it_was_written_and_nothing_else_does() {
    let whole = DeviceState {
        min_pin_rp_ids: vec![RpId::try_from("example.org").unwrap()],
        force_pin_change: true,
        always_uv: true,
        persistent_token: Some(Zeroizing::new([7; 32])),
        identifier: Some([8; 16]),
        ..with_pin("1234").device().unwrap()
    };
    for state in [DeviceState::default(), whole] {
        let encoded = state.encode().unwrap();
        assert_eq!(DeviceState::decode(&encoded), Ok(state));
        assert_eq!(DeviceState::decode(&encoded[..encoded.len() - 1]), Err(InvalidDeviceState));
        assert_eq!(DeviceState::decode(&[&encoded, [0].as_slice()].concat()), Err(InvalidDeviceState));
    }
    let many = DeviceState { pin_retries: 9, ..DeviceState::default() };
    assert_eq!(DeviceState::decode(&many.encode().unwrap()), Err(InvalidDeviceState));
}

#[test]
fn debug_of_the_state_and_of_pins_prints_no_secret() {
    insta::assert_debug_snapshot!(pin("1234"), @"Pin(..)");
    let state = format!("{:?}", with_pin("1234").device().unwrap());
    insta::assert_snapshot!(state, @"DeviceState { has_pin: true, pin_retries: 8, always_uv: false, .. }");
}
