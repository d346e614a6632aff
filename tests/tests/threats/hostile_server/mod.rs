//! A server that hands out other than what it was given, or nothing.

mod keys;
mod snapshot;
mod swapped;
mod withheld;
