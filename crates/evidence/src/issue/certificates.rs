use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DistinguishedName, DnType,
    DnValue, Error, IsCa, KeyIdMethod, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, RevokedCertParams,
    SanType, SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::{Class, Day, LeafClaims, MAX_LEAF, UnixMillis, leaf::LONGEST};

/// Whose authority it is, as certificates say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// ISO 3166's two letters; `ZZ` for none.
    pub country: String,
    /// The tenant.
    pub organization: String,
}

/// A certificate's number: random, so that it tells nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialNumber(pub [u8; 16]);

/// A certificate that its authority takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Which.
    pub serial: SerialNumber,
    /// When.
    pub at: UnixMillis,
}

/// Why a leaf was not issued.
#[derive(Debug, thiserror::Error)]
pub enum LeafNotIssued {
    /// The tenant's name, or the URL of its status list, makes it longer than authenticator data can carry.
    #[error(
        "the leaf would have more than {MAX_LEAF} bytes; give the tenant a shorter name or its status lists shorter URLs"
    )]
    TooLong,
    /// It would count for too long.
    #[error("a leaf counts for at most {LONGEST} days")]
    TooManyDays,
    /// The certificate could not be made.
    #[error(transparent)]
    Issue(#[from] Error),
}

/// A root's certificate (DER): self-signed, for issuers one below it. Its key may be in a machine of its own, or in a token.
///
/// # Errors
/// Of whoever signs.
pub fn root(
    names: &Names,
    serial: SerialNumber,
    days: std::ops::Range<Day>,
    key: &impl SigningKey,
) -> Result<Vec<u8>, Error> {
    self_signed(of_issuer(names, "Keyfold root", serial, days, 1)?, key)
}

/// A root for metadata alone (DER): with its key. Readers of metadata hold a path's signatures against their root and look at
/// nothing else of it, so nobody who has a certificate for something else may have one that leads there.
///
/// # Errors
/// Of whoever signs.
pub fn metadata_root(
    names: &Names,
    serial: SerialNumber,
    days: std::ops::Range<Day>,
    key: &impl SigningKey,
) -> Result<Vec<u8>, Error> {
    self_signed(of_issuer(names, "Keyfold metadata root", serial, days, 0)?, key)
}

/// The certificate (DER) of a key that signs metadata, under a root for metadata and its key.
///
/// # Errors
/// Of whoever signs.
pub fn metadata_signer(
    names: &Names,
    root: (&[u8], impl SigningKey),
    serial: SerialNumber,
    days: std::ops::Range<Day>,
    key: &impl PublicKeyData,
) -> Result<Vec<u8>, Error> {
    let root = rcgen::Issuer::from_ca_cert_der(&CertificateDer::from(root.0), root.1)?;
    let mut params = dated(serial, days);
    params.distinguished_name = subject(names, None, "Keyfold metadata")?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params.signed_by(key, &root)?.der().to_vec())
}

/// Whoever has a key and a certificate for it: a root, or one that issues leaves.
pub struct Issuer<K: SigningKey> {
    names: Names,
    issuer: rcgen::Issuer<'static, K>,
}

impl<K: SigningKey> Issuer<K> {
    /// Of a certificate (DER) and its key.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(names: Names, certificate: &[u8], key: K) -> Result<Self, Error> {
        let issuer = rcgen::Issuer::from_ca_cert_der(&CertificateDer::from(certificate), key)?;
        Ok(Self { names, issuer })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> &K {
        self.issuer.key()
    }

    /// The certificate (DER) of one that issues leaves under this root.
    ///
    /// # Errors
    /// Of whoever signs.
    pub fn intermediate(
        &self,
        serial: SerialNumber,
        days: std::ops::Range<Day>,
        key: &impl PublicKeyData,
    ) -> Result<Vec<u8>, Error> {
        let mut params = of_issuer(&self.names, "Keyfold evidence", serial, days, 0)?;
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.der().to_vec())
    }

    /// The list (DER) of those that this root takes back, in force from `at` until `next`.
    ///
    /// # Errors
    /// Of whoever signs.
    pub fn revoked(
        &self,
        number: u64,
        revocations: &[Revocation],
        at: UnixMillis,
        next: UnixMillis,
    ) -> Result<Vec<u8>, Error> {
        let revoked = revocations.iter().map(|revocation| RevokedCertParams {
            serial_number: revocation.serial.rcgen(),
            revocation_time: moment(revocation.at),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: moment(at),
            next_update: moment(next),
            crl_number: number.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.der().to_vec())
    }

    /// A leaf (DER) for an evidence key: a P-256 point (SEC 1, uncompressed) whose private half the device has shown to have.
    ///
    /// # Errors
    /// [`LeafNotIssued`].
    pub fn leaf(
        &self,
        serial: SerialNumber,
        days: std::ops::Range<Day>,
        claims: &LeafClaims,
        key: [u8; 65],
    ) -> Result<Vec<u8>, LeafNotIssued> {
        if u64::from(days.end.0.saturating_sub(days.start.0)) > LONGEST {
            return Err(LeafNotIssued::TooManyDays);
        }
        let mut params = dated(serial, days);
        params.distinguished_name = subject(
            &self.names,
            Some("Authenticator Attestation"),
            match claims.class {
                Class::Synced => "Keyfold synced passkeys",
                Class::DeviceBound => "Keyfold device-bound passkeys",
            },
        )?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let uris = claims.to_uris().into_iter().map(|uri| Ok(SanType::URI(uri.try_into()?)));
        params.subject_alt_names = uris.collect::<Result<_, Error>>()?;
        let aaguid = [[OCTET_STRING, 16].as_slice(), &claims.aaguid().0].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(AAGUID, aaguid)];
        let leaf = params.signed_by(&Point(key), &self.issuer)?.der().to_vec();
        if leaf.len() > MAX_LEAF { Err(LeafNotIssued::TooLong) } else { Ok(leaf) }
    }
}

impl SerialNumber {
    /// Positive, and of the same length whatever was drawn (RFC 5280 §4.1.2.2).
    fn rcgen(self) -> rcgen::SerialNumber {
        let mut bytes = self.0;
        if let Some(first) = bytes.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        rcgen::SerialNumber::from_slice(&bytes)
    }
}

/// A public key without its private half.
struct Point([u8; 65]);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn self_signed(params: CertificateParams, key: &impl SigningKey) -> Result<Vec<u8>, Error> {
    Ok(params.self_signed(key)?.der().to_vec())
}

fn of_issuer(
    names: &Names,
    common_name: &str,
    serial: SerialNumber,
    days: std::ops::Range<Day>,
    path_length: u8,
) -> Result<CertificateParams, Error> {
    let mut params = dated(serial, days);
    params.distinguished_name = subject(names, None, common_name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn dated(serial: SerialNumber, days: std::ops::Range<Day>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(serial.rcgen());
    // The last second is within.
    let last = UnixMillis(days.end.begins().0.saturating_sub(1_000));
    (params.not_before, params.not_after) = (moment(days.start.begins()), moment(last));
    params
}

fn subject(names: &Names, unit: Option<&str>, common_name: &str) -> Result<DistinguishedName, Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, DnValue::PrintableString(names.country.as_str().try_into()?));
    subject.push(DnType::OrganizationName, names.organization.as_str());
    if let Some(unit) = unit {
        subject.push(DnType::OrganizationalUnitName, unit);
    }
    subject.push(DnType::CommonName, common_name);
    Ok(subject)
}

fn moment(at: UnixMillis) -> OffsetDateTime {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

const AAGUID: &[u64] = &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
const OCTET_STRING: u8 = 4;
