//! The assurance half's storage traits.

mod devices;
mod members;
mod postures;
mod relying_parties;
mod row;
mod spent;
mod statements;
mod statuses;
mod tenants;
