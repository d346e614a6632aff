//! A server that hands out other than what it was given, or nothing.

mod between;
mod brief;
mod changed;
mod creation;
mod enrolment;
mod forged;
mod formats;
mod hints;
mod histories;
mod joining;
mod keys;
mod local_file;
mod observed;
mod recovery;
mod removal;
mod rotation;
mod snapshot;
mod swapped;
mod withheld;
