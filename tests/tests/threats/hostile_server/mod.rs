//! A server that hands out other than what it was given, or nothing.

mod changed;
mod forged;
mod formats;
mod keys;
mod snapshot;
mod swapped;
mod withheld;
