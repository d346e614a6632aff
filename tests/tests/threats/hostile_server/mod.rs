//! A server that hands out other than what it was given, or nothing.

mod swapped;
mod withheld;
