//! The sealed keys and links that travel beside a roster entry, held against the hashes in it.

use keyfold_crypto::{
    Hash,
    epoch::{LINK_LEN, SEALED_LEN, link_hash, sealed_hash},
};
use keyfold_ledger::Entry;
use keyfold_wire::{
    MemberId,
    v1::{EpochLink, SealedEpochKey, SealedKey, SealedLink},
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

/// A member's own sealed key as a pull gives it, if it is the one that the entry lists for the member.
pub(crate) fn check_own_key(
    entry: &Entry,
    member: MemberId,
    key: SealedEpochKey,
) -> Result<(MemberId, Vec<u8>), SealedError> {
    let listed = entry.sealed_keys().into_iter().find(|(listed, _)| *listed == member);
    let (_, hash) = listed.ok_or(SealedError::Keys)?;
    let is_listed = key.roster_seq == entry.seq() && fits(&key.sealed, SEALED_LEN, sealed_hash, &hash);
    is_listed.then_some((member, key.sealed)).ok_or(SealedError::Keys)
}

/// The links as a pull gives them, if they are those that the entry lists, in its order.
pub(crate) fn check_pulled_links(entry: &Entry, links: Vec<SealedLink>) -> Result<Vec<(u64, Vec<u8>)>, SealedError> {
    if links.iter().any(|link| link.roster_seq != entry.seq()) {
        return Err(SealedError::Links);
    }
    let links = links.into_iter().map(|SealedLink { epoch, sealed, .. }| EpochLink { epoch, sealed });
    check_links(entry, links.collect())
}

fn fits(sealed: &[u8], length: usize, hash_of: fn(&[u8]) -> Hash, hash: &Hash) -> bool {
    sealed.len() == length && hash_of(sealed) == *hash
}
