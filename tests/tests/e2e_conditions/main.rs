//! What goes wrong in the world: for each, one clear line, a documented exit status, and nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bodies;
mod clock;
mod full_disk;
mod history;
mod network;
mod passphrase;
mod prompts;
mod relying_party;
mod trust;

use keyfold_tests::{Device, Shop};
use serde_json::Value;

/// The passkeys that a device lists.
fn passkeys(device: &Device) -> Vec<Value> {
    device.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().clone()
}

/// Panics unless the device signs in at the shop.
#[track_caller]
fn signs_in(device: &Device, shop: &Shop) {
    shop.judge_sign_in(&device.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up();
}

/// A shop at which the device has a passkey.
fn shop_known_to(device: &Device, rp_id: &str) -> Shop {
    let shop = Shop::new(rp_id);
    let made = device.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made).backed_up();
    shop
}
