//! How devices come into an account: by QR codes, by typed codes, and how each attempt that goes wrong ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod attempts;
mod drawing;
mod person;
mod qr_codes;
mod typed_codes;

use keyfold_tests::{Device, exit};

/// How many devices the account has, as this device sees it after a sync.
fn devices(device: &Device) -> usize {
    device.ok(&["sync"]);
    device.ok(&["device", "list"])["devices"].as_array().unwrap().len()
}

/// Panics unless the newcomer is in no account and the account has as many devices as before.
#[track_caller]
fn nothing_joined(newcomer: &Device, approver: &Device, before: usize) {
    newcomer.fails(exit::NOT_FOUND, &["status"]);
    assert_eq!(devices(approver), before);
}
