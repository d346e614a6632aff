//! A tenant's keys: how they are made, and which of several is used when.

use data_encoding::HEXLOWER;
use keyfold_evidence::issue::{TokenKey, TokenKeyError};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use zeroize::Zeroizing;

use crate::{
    clock::{DAY, HOUR},
    random::{self, NoRandomness},
    storage::{KeyKind, TenantKey},
};

/// Why a key cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The library refused.
    #[error("a key cannot be made: {0}")]
    Generate(#[from] rcgen::Error),
    /// It cannot sign tokens.
    #[error(transparent)]
    Token(#[from] TokenKeyError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// A key for reports, status lists and access tokens.
pub(crate) fn token(created_at: u64) -> Result<TenantKey, KeyError> {
    let secret = Zeroizing::new(KeyPair::generate()?.serialize_der());
    let kid = TokenKey::from_pkcs8(&secret)?.id().to_owned();
    Ok(TenantKey { kid, kind: KeyKind::Token, created_at, secret, certificates: Vec::new() })
}

/// A key for leaves.
pub(crate) fn issuer(created_at: u64) -> Result<TenantKey, KeyError> {
    let secret = Zeroizing::new(KeyPair::generate()?.serialize_der());
    Ok(TenantKey { kid: drawn()?, kind: KeyKind::Issuer, created_at, secret, certificates: Vec::new() })
}

/// A key for metadata.
pub(crate) fn metadata(created_at: u64) -> Result<TenantKey, KeyError> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let secret = Zeroizing::new(key.serialize_der());
    Ok(TenantKey { kid: drawn()?, kind: KeyKind::Metadata, created_at, secret, certificates: Vec::new() })
}

fn drawn() -> Result<String, NoRandomness> {
    Ok(HEXLOWER.encode(&random::bytes::<16>()?))
}

/// The token keys that others are to know at `now`, the one that signs first. A new one is told an hour before it signs, so that
/// whoever fetches keys once an hour never meets a token of an unknown one; an old one is told until nothing that it signed counts.
pub(crate) fn in_use(keys: &[TenantKey], now: u64) -> Vec<&TenantKey> {
    let mut tokens: Vec<&TenantKey> = keys.iter().filter(|key| key.kind == KeyKind::Token).collect();
    tokens.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    let is_told = |key: &TenantKey| key.created_at.saturating_add(TOLD_BEFORE) <= now;
    // The oldest signs where none has been told for long enough: there is no other.
    let signing = tokens.iter().position(|key| is_told(key)).unwrap_or(tokens.len().saturating_sub(1));
    let until = |newer: &TenantKey| newer.created_at.saturating_add(TOLD_BEFORE + TOLD_AFTER);
    let mut told: Vec<&TenantKey> = tokens.get(signing).copied().into_iter().collect();
    for (position, key) in tokens.iter().enumerate() {
        let replaced_by = position.checked_sub(1).and_then(|newer| tokens.get(newer));
        let is_over = position > signing && replaced_by.is_some_and(|newer| until(newer) <= now);
        if position != signing && !is_over {
            told.push(key);
        }
    }
    told
}

/// Whether it is time for another token key.
pub(crate) fn wants_another(keys: &[TenantKey], now: u64) -> bool {
    let newest = keys.iter().filter(|key| key.kind == KeyKind::Token).map(|key| key.created_at).max();
    newest.is_none_or(|created_at| created_at.saturating_add(LIVES) <= now)
}

const TOLD_BEFORE: u64 = HOUR;
/// Longer than any report or list counts.
const TOLD_AFTER: u64 = 2 * DAY;
const LIVES: u64 = 90 * DAY;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str, created_at: u64) -> TenantKey {
        let secret = Zeroizing::new(Vec::new());
        TenantKey { kid: kid.to_owned(), kind: KeyKind::Token, created_at, secret, certificates: Vec::new() }
    }

    fn told(keys: &[TenantKey], now: u64) -> Vec<&str> {
        in_use(keys, now).into_iter().map(|key| key.kid.as_str()).collect()
    }

    #[test]
    fn a_new_key_is_told_before_it_signs_and_an_old_one_after() {
        let first = [key("first", 0)];
        assert_eq!(told(&first, 0), ["first"]);
        let both = [key("second", DAY), key("first", 0)];
        assert_eq!(told(&both, DAY), ["first", "second"]);
        assert_eq!(told(&both, DAY + HOUR - 1), ["first", "second"]);
        assert_eq!(told(&both, DAY + HOUR), ["second", "first"]);
        assert_eq!(told(&both, DAY + HOUR + TOLD_AFTER - 1), ["second", "first"]);
        assert_eq!(told(&both, DAY + HOUR + TOLD_AFTER), ["second"]);
        assert!(!wants_another(&first, LIVES - 1) && wants_another(&first, LIVES) && wants_another(&[], 0));
    }
}
