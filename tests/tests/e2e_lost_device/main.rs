//! A device is lost: its owner removes it from another, and what is left of it is worth nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod history;
mod lock;
mod recovery;
mod removed;

use keyfold_tests::{Device, Server, Shop};

/// Two devices, and a passkey for a shop that both have.
fn two_devices(server: &Server) -> (Device, Device, Shop) {
    let laptop = Device::founded(server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let made = laptop.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made);
    laptop.ok(&["sync"]);
    let phone = Device::enrolled(server, "Ana's phone", &laptop);
    laptop.ok(&["sync"]);
    (laptop, phone, shop)
}

/// A device's own id.
fn id(device: &Device) -> String {
    device.ok(&["status"])["device"].as_str().unwrap().to_owned()
}
