//! The sealed keys and links that travel beside a roster entry, held against the hashes in it.

use keyfold_crypto::{
    Hash,
    epoch::{LINK_LEN, SEALED_LEN, link_hash, sealed_hash},
};
use keyfold_ledger::Entry;
use keyfold_wire::{
    MemberId,
    v1::{EpochLink, SealedKey},
};

/// The sealed keys or links are not exactly those that the entry lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// A key is missing, too many, or another than the entry lists.
    #[error("the sealed keys are not exactly those that the entry lists")]
    Keys,
    /// A link is missing, too many, or another than the entry lists.
    #[error("the epoch links are not exactly those that the entry lists")]
    Links,
}

/// The sealed keys, if they are those that the entry lists, in its order.
pub(crate) fn check_keys(entry: &Entry, keys: Vec<SealedKey>) -> Result<Vec<(MemberId, Vec<u8>)>, SealedError> {
    let listed = entry.sealed_keys();
    if listed.len() != keys.len() {
        return Err(SealedError::Keys);
    }
    listed
        .into_iter()
        .zip(keys)
        .map(|((member, hash), key)| {
            let fits = key.member == member.as_bytes() && fits(&key.sealed, SEALED_LEN, sealed_hash, &hash);
            fits.then_some((member, key.sealed)).ok_or(SealedError::Keys)
        })
        .collect()
}

/// The links, if they are those that the entry lists, in its order.
pub(crate) fn check_links(entry: &Entry, links: Vec<EpochLink>) -> Result<Vec<(u64, Vec<u8>)>, SealedError> {
    let listed = entry.rotation().map(|rotation| rotation.links.as_slice()).unwrap_or_default();
    if listed.len() != links.len() {
        return Err(SealedError::Links);
    }
    listed
        .iter()
        .zip(links)
        .map(|((epoch, hash), link)| {
            let fits = link.epoch == *epoch && fits(&link.sealed, LINK_LEN, link_hash, hash);
            fits.then_some((*epoch, link.sealed)).ok_or(SealedError::Links)
        })
        .collect()
}

fn fits(sealed: &[u8], length: usize, hash_of: fn(&[u8]) -> Hash, hash: &Hash) -> bool {
    sealed.len() == length && hash_of(sealed) == *hash
}
