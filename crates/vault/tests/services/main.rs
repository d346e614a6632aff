//! What a device asks of the services, and what it is told: over a real database, with a clock that the test sets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod edits;
mod household;
mod interrupted;
mod newcomer;
mod server;

mod deletions;
mod enrolments;
mod invites;
mod lowered_limits;
mod polls;
mod quota;
mod recovery;
mod refused_bodies;
mod roster_room;
mod sweeps;
mod turns;
mod used_once;
