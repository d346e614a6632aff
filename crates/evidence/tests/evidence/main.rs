//! Two relying parties, a tenant, its devices, and people who are none of these.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod apps;
mod assertions;
mod authorities;
mod damage;
mod forms;
mod leaves;
mod outsiders;
mod paths;
mod phones;
mod published;
mod registrations;
mod statements;
mod tokens;
mod tpms;
mod trusted_platform;
mod world;
