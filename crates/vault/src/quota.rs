//! What an account is charged for what is kept of it: nothing that it can make grow is free.

use keyfold_wire::{MemberId, v1::Signed};

/// What a change takes beside its envelope and its place in the commit: a revision, an item's element, their indexes.
const CHANGE: u64 = 256;

/// A roster entry with the sealed keys and links that travel beside it.
pub(crate) fn entry(entry: &Signed, sealed_keys: &[(MemberId, Vec<u8>)], links: &[(u64, Vec<u8>)]) -> u64 {
    let sealed_keys = sealed_keys.iter().map(|(_, sealed)| length(sealed));
    let links = links.iter().map(|(_, sealed)| length(sealed));
    signed(entry).saturating_add(sealed_keys.chain(links).sum())
}

/// A commit of so many changes with its envelopes.
pub(crate) fn commit<'a>(commit: &Signed, changes: usize, envelopes: impl Iterator<Item = &'a [u8]>) -> u64 {
    let changes = CHANGE.saturating_mul(u64::try_from(changes).unwrap_or(u64::MAX));
    signed(commit).saturating_add(changes).saturating_add(envelopes.map(length).sum())
}

fn signed(message: &Signed) -> u64 {
    length(&message.body).saturating_add(length(&message.signature))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
