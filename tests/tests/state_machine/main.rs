//! Random programs of an account's devices, crashes, partitions, removals, recoveries and a server that lies, against the
//! real SDK and the real services. After every step nothing that a device accepted is gone; at the end honest devices
//! hold the same and all that was written, every passkey can be read, and nobody who was removed has a key of a later epoch.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod acts;
mod cases;
mod code;
mod device;
mod disk;
mod enrol;
mod founded;
mod holds;
mod known;
mod machine;
mod newcomer;
mod plan;
mod pocket;
mod record;
mod recovery;
mod secrets;
mod step;
mod undone;
mod way;
mod world;
