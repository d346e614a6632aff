use std::{ops::Range, sync::Arc};

use keyfold_evidence::{
    Authority, Day, LeafClaims, UnixMillis,
    issue::{Issuer, SerialNumber, TokenKey},
};
use rcgen::KeyPair;

use super::{AuthorityUnavailable, names, pair};
use crate::{
    keys::{self, KeyError},
    random,
    storage::{KeyKind, StorageError, Tenant, TenantKey},
};

/// What is known of a tenant for a second: its keys, and who trusts what of it.
pub(crate) struct Known {
    pub(crate) tenant: Tenant,
    pub(crate) keys: Vec<TenantKey>,
    /// Whom to trust for leaves; `None` before a root is installed, and while none of its issuers counts.
    pub(crate) authority: Option<Arc<Authority>>,
    issuing: Option<Arc<Issuing>>,
}

struct Issuing {
    issuer: Issuer<KeyPair>,
    certificate: Vec<u8>,
    /// The day after the last on which it counts.
    until: Day,
}

impl Known {
    pub(super) fn of(tenant: Tenant, keys: Vec<TenantKey>, now: UnixMillis) -> Result<Self, AuthorityUnavailable> {
        let mut known = Self { tenant, keys, authority: None, issuing: None };
        let Some(root) = &known.tenant.root else { return Ok(known) };
        let revoked = known.tenant.revoked.as_deref();
        let authority = Authority::trust(root, &known.issuers(), revoked, now).ok();
        known.authority = authority.map(Arc::new);
        known.issuing = known.issuing_at(now.day())?.map(Arc::new);
        Ok(known)
    }

    /// The certificates of those that issue leaves, or did.
    pub(crate) fn issuers(&self) -> Vec<&[u8]> {
        let issuers = self.keys.iter().filter(|key| key.kind == KeyKind::Issuer);
        issuers.flat_map(|key| key.certificates.iter().map(Vec::as_slice)).collect()
    }

    /// The newest key for leaves that the authority trusts, with the certificate that counts the longest.
    fn issuing_at(&self, today: Day) -> Result<Option<Issuing>, AuthorityUnavailable> {
        let Some(authority) = &self.authority else { return Ok(None) };
        let mut issuers: Vec<&TenantKey> = self.keys.iter().filter(|key| key.kind == KeyKind::Issuer).collect();
        issuers.sort_by_key(|key| std::cmp::Reverse(key.created_at));
        for key in issuers {
            let counting = key.certificates.iter().filter_map(|der| Some((authority.issuer_until(der)?, der)));
            let Some((until, certificate)) = counting.max_by_key(|(until, _)| *until) else { continue };
            if until <= today {
                continue;
            }
            let issuer = Issuer::new(names(&self.tenant), certificate, pair(key)?).map_err(KeyError::from)?;
            return Ok(Some(Issuing { issuer, certificate: certificate.clone(), until }));
        }
        Ok(None)
    }

    /// Issues a leaf, from today for so many days, or until its issuer counts no more.
    pub(crate) fn leaf(&self, today: Day, claims: &LeafClaims, key: [u8; 65]) -> Result<Vec<u8>, AuthorityUnavailable> {
        let issuing = self.issuing.as_ref().ok_or(AuthorityUnavailable::NotCertified)?;
        let serial = SerialNumber(random::bytes()?);
        Ok(issuing.issuer.leaf(serial, self.leaf_days(today)?, claims, key)?)
    }

    /// The certificate (DER) of whoever issues leaves now.
    pub(crate) fn issuer(&self) -> Result<&[u8], AuthorityUnavailable> {
        self.issuing.as_ref().map(|issuing| issuing.certificate.as_slice()).ok_or(AuthorityUnavailable::NotCertified)
    }

    /// The days for which a leaf that is issued today counts.
    pub(crate) fn leaf_days(&self, today: Day) -> Result<Range<Day>, AuthorityUnavailable> {
        let issuing = self.issuing.as_ref().ok_or(AuthorityUnavailable::NotCertified)?;
        Ok(today..today.plus(LEAF_DAYS).min(issuing.until))
    }

    /// What signs tokens now.
    pub(crate) fn token_key(&self, now: u64) -> Result<TokenKey, AuthorityUnavailable> {
        let key = keys::in_use(&self.keys, now).into_iter().next();
        let key = key.ok_or(StorageError::Damaged("a tenant has no keys"))?;
        Ok(TokenKey::from_pkcs8(&key.secret)?)
    }
}

/// Days that a leaf counts.
const LEAF_DAYS: u32 = 7;
