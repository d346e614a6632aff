//! A tenant's authority, as a relying party trusts it: a root, those that issue for it, and those that it has revoked.

use std::collections::BTreeSet;

use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_cert::{certificate::Certificate, crl::CertificateList, der::Decode, name::Name};

use crate::{
    Day, UnixMillis,
    x509::{Signed, Validity, is_issuer},
};

/// Who signs a tenant's leaves. It is verified once, so that each leaf costs one signature.
#[derive(Debug, Clone)]
pub struct Authority {
    root: Validity,
    /// Of the list of revoked ones.
    revoked: Option<Validity>,
    pub(crate) issuers: Vec<Issuer>,
}

/// One that issues leaves.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) anchor: TrustAnchor<'static>,
    valid: Validity,
}

/// Why an authority is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The root is no self-signed certificate of an authority; get it from the tenant's operator again.
    #[error("the root is no certificate of an authority")]
    Root,
    /// The certificate at this position was not issued by the root for an authority, or is damaged.
    #[error("certificate {0} is none of an issuer under this root")]
    Issuer(usize),
    /// The list of revoked certificates is not the root's, or is damaged.
    #[error("the list of revoked certificates is not this root's")]
    Revoked,
    /// The list of revoked certificates is not of this time; get a newer one.
    #[error("the list of revoked certificates is out of date")]
    RevokedStale,
    /// Nobody issues for the root.
    #[error("no certificate of an issuer is left")]
    NoIssuer,
}

impl Authority {
    /// Trusts a root (DER), and of `issuers` (DER) those that it has signed and not revoked by `revoked` (a CRL, DER, RFC 5280 §5).
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn trust(
        root: &[u8],
        issuers: &[impl AsRef<[u8]>],
        revoked: Option<&[u8]>,
        now: UnixMillis,
    ) -> Result<Self, AuthorityError> {
        if root.len() > LONGEST_CERTIFICATE {
            return Err(AuthorityError::Root);
        }
        let root_der = CertificateDer::from(root);
        let root_key = EndEntityCert::try_from(&root_der).map_err(|_| AuthorityError::Root)?;
        let certificate = Certificate::from_der(root).map_err(|_| AuthorityError::Root)?;
        let subject = certificate.tbs_certificate().subject();
        let is_self_signed = is_signed_by(&root_key, root) && certificate.tbs_certificate().issuer() == subject;
        if !is_self_signed || !is_issuer(&certificate, 1) {
            return Err(AuthorityError::Root);
        }
        let (taken_back, revoked) = match revoked {
            Some(list) => revoked_by(&root_key, subject, list, now).map(|(serials, valid)| (serials, Some(valid)))?,
            None => (BTreeSet::new(), None),
        };
        let mut trusted = Vec::new();
        for (position, issuer) in issuers.iter().enumerate() {
            let refused = AuthorityError::Issuer(position);
            let der = issuer.as_ref();
            if der.len() > LONGEST_CERTIFICATE {
                return Err(refused);
            }
            let issuer = Certificate::from_der(der).map_err(|_| refused)?;
            let tbs = issuer.tbs_certificate();
            let is_of_root = tbs.issuer() == subject && is_signed_by(&root_key, der);
            if !is_of_root || !is_issuer(&issuer, 0) {
                return Err(refused);
            }
            if taken_back.contains(tbs.serial_number().as_bytes()) {
                continue;
            }
            let anchor = anchor_from_trusted_cert(&CertificateDer::from(der)).map_err(|_| refused)?.to_owned();
            trusted.push(Issuer { anchor, valid: tbs.validity().into() });
        }
        if trusted.is_empty() {
            return Err(AuthorityError::NoIssuer);
        }
        Ok(Self { root: certificate.tbs_certificate().validity().into(), revoked, issuers: trusted })
    }

    /// The day after the last on which an issuer (its certificate, DER) counts, if it is one that is trusted.
    #[must_use]
    pub fn issuer_until(&self, certificate: &[u8]) -> Option<Day> {
        let anchor = anchor_from_trusted_cert(&CertificateDer::from(certificate)).ok()?.to_owned();
        let issuer = self.issuers.iter().find(|issuer| issuer.anchor == anchor)?;
        let until = issuer.valid.until.0.min(self.root.until.0);
        Some(UnixMillis(until.saturating_add(1_000)).day())
    }

    /// Whether what this one has issued counted at a time, by what is known now: a list of revoked ones that is out of date knows
    /// nothing.
    pub(crate) fn issues(&self, anchor: &TrustAnchor<'_>, at: UnixMillis, now: UnixMillis) -> bool {
        let mut issuers = self.issuers.iter().filter(|issuer| issuer.anchor == *anchor);
        self.root.contains(at)
            && issuers.any(|issuer| issuer.valid.contains(at))
            && self.revoked.is_none_or(|revoked| revoked.contains(now))
    }
}

/// The serial numbers on a list of revoked certificates (CRL, DER), whoever signed it: big-endian, as DER has them.
///
/// # Errors
/// [`AuthorityError::Revoked`] if it is no such list.
pub fn revoked_serials(list: &[u8]) -> Result<BTreeSet<Vec<u8>>, AuthorityError> {
    if list.len() > LONGEST_LIST {
        return Err(AuthorityError::Revoked);
    }
    let parsed = CertificateList::from_der(list).map_err(|_| AuthorityError::Revoked)?;
    Ok(serials(&parsed))
}

fn serials(list: &CertificateList) -> BTreeSet<Vec<u8>> {
    let entries = list.tbs_cert_list.revoked_certificates.iter().flatten();
    entries.map(|entry| entry.serial_number.as_bytes().to_vec()).collect()
}

fn is_signed_by(key: &EndEntityCert<'_>, der: &[u8]) -> bool {
    Signed::parse(der)
        .is_some_and(|signed| key.verify_signature(signed.algorithm, signed.bytes, signed.signature).is_ok())
}

/// The serials on a root's list, and when it counts.
fn revoked_by(
    root: &EndEntityCert<'_>,
    subject: &Name,
    list: &[u8],
    now: UnixMillis,
) -> Result<(BTreeSet<Vec<u8>>, Validity), AuthorityError> {
    if list.len() > LONGEST_LIST {
        return Err(AuthorityError::Revoked);
    }
    let parsed: CertificateList = CertificateList::from_der(list).map_err(|_| AuthorityError::Revoked)?;
    let tbs = &parsed.tbs_cert_list;
    // What limits a list to some certificates is critical (§5.2.5), and this root's lists have none.
    let of_entries = tbs.revoked_certificates.iter().flatten().filter_map(|entry| entry.crl_entry_extensions.as_ref());
    let extensions = tbs.crl_extensions.iter().chain(of_entries).flatten();
    let is_limited = extensions.into_iter().any(|extension| extension.critical);
    let is_of_root = tbs.issuer == *subject && is_signed_by(root, list);
    if is_limited || !is_of_root {
        return Err(AuthorityError::Revoked);
    }
    let next = tbs.next_update.as_ref().ok_or(AuthorityError::RevokedStale)?;
    let valid = Validity::between(&tbs.this_update, next);
    if !valid.contains(now) {
        return Err(AuthorityError::RevokedStale);
    }
    Ok((serials(&parsed), valid))
}

/// Of a certificate of an authority.
const LONGEST_CERTIFICATE: usize = 16 * 1_024;
/// Of a list of revoked ones: some ten thousand.
const LONGEST_LIST: usize = 512 * 1_024;
