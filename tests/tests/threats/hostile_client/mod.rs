//! A member that does not keep to the protocol, and somebody who is none: an honest server and honest devices.

mod bodies;
mod commits;
mod content;
mod enrolments;
mod exchange;
mod offerers;
mod offers;
mod requests;
