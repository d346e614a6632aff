use std::ops::Range;

use keyfold_evidence::{
    Day, UnixMillis,
    issue::{Issuer, Names, Revocation, SerialNumber, SigningKey, metadata_root, metadata_signer, root},
};
use rcgen::KeyPair;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::SectionKind};
use x509_cert::{crl::CertificateList, der::Decode};
use zeroize::Zeroizing;

use super::{
    pem::{self, NotPem},
    request::{Request, parsed},
};
use crate::random::{self, NoRandomness};

/// A tenant's root: it certifies the keys of the tenant's server, and takes certificates back. Its key, and that of the root for
/// metadata, are kept where the server is not: in a file that is brought out for this, or in a token.
pub struct Root<K: SigningKey, M: SigningKey> {
    names: Names,
    certificate: Vec<u8>,
    issuer: Issuer<K>,
    metadata: (Vec<u8>, M),
}

/// What a root has certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The certificate of the key that issues leaves.
    pub issuer: Vec<u8>,
    /// The root's own.
    pub root: Vec<u8>,
    /// The certificate of the key that signs metadata.
    pub metadata: Vec<u8>,
    /// That of the root for metadata.
    pub metadata_root: Vec<u8>,
}

/// Why a root does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// What it reads is not what it should be.
    #[error(transparent)]
    Pem(#[from] NotPem),
    /// The certificates or the list cannot be read or made.
    #[error("the root cannot sign this: {0}")]
    Sign(#[from] rcgen::Error),
    /// The request is another tenant's.
    #[error("the request is of \"{requested}\", and this root is of \"{root}\"")]
    OtherTenant {
        /// Whose the request is.
        requested: String,
        /// Whose the root is.
        root: String,
    },
    /// The list that is to be continued is none.
    #[error("the list of revoked certificates that is there cannot be read")]
    Revoked,
    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl<K: SigningKey, M: SigningKey> Root<K, M> {
    /// Makes a root's certificates for keys that are there, valid for these days.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn certify(names: Names, days: Range<Day>, key: K, metadata_key: M) -> Result<Self, RootError> {
        let certificate = root(&names, serial()?, days.clone(), &key)?;
        let metadata = metadata_root(&names, serial()?, days, &metadata_key)?;
        Self::new(names, certificate, key, (metadata, metadata_key))
    }

    /// One that is there: its certificate and key, and those for metadata.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn new(names: Names, certificate: Vec<u8>, key: K, metadata: (Vec<u8>, M)) -> Result<Self, RootError> {
        let issuer = Issuer::new(names.clone(), &certificate, key)?;
        Ok(Self { names, certificate, issuer, metadata })
    }

    /// Both certificates (DER): for leaves, for metadata.
    #[must_use]
    pub fn certificates(&self) -> [&[u8]; 2] {
        [&self.certificate, &self.metadata.0]
    }

    /// Certifies what a server asks for, for these days.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn sign(&self, request: &Request, days: Range<Day>) -> Result<Certified, RootError> {
        let requested = request.organization()?;
        if requested != self.names.organization {
            return Err(RootError::OtherTenant { requested, root: self.names.organization.clone() });
        }
        let (issuer, metadata) = (parsed(&request.issuer)?, parsed(&request.metadata)?);
        let (metadata_root, metadata_key) = &self.metadata;
        let path = (metadata_root.as_slice(), metadata_key);
        Ok(Certified {
            issuer: self.issuer.intermediate(serial()?, days.clone(), &issuer.public_key)?,
            root: self.certificate.clone(),
            metadata: metadata_signer(&self.names, path, serial()?, days, &metadata.public_key)?,
            metadata_root: metadata_root.clone(),
        })
    }

    /// The list (CRL, DER) of those that it takes back: these, and all that `previous` has; in force until `next`.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn revoke(
        &self,
        serials: &[[u8; 16]],
        previous: Option<&[u8]>,
        now: UnixMillis,
        next: UnixMillis,
    ) -> Result<Vec<u8>, RootError> {
        let mut revocations = previous.map_or(Ok(Vec::new()), revocations)?;
        for serial in serials.iter().map(|bytes| SerialNumber(*bytes)) {
            if !revocations.iter().any(|known| known.serial == serial) {
                revocations.push(Revocation { serial, at: now });
            }
        }
        Ok(self.issuer.revoked(now.seconds(), &revocations, now, next)?)
    }
}

impl Root<KeyPair, KeyPair> {
    /// Draws keys.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn generate(names: Names, days: Range<Day>) -> Result<Self, RootError> {
        Self::certify(names, days, KeyPair::generate()?, KeyPair::generate()?)
    }

    /// Keys and certificates, as PEM. Nobody but who may sign as the tenant may read it.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let key = Zeroizing::new(self.issuer.key().serialize_der());
        let metadata_key = Zeroizing::new(self.metadata.1.serialize_der());
        let sections = [
            Zeroizing::new(pem::write(CERTIFICATE, &self.certificate)),
            Zeroizing::new(pem::write(KEY, &key)),
            Zeroizing::new(pem::write(CERTIFICATE, &self.metadata.0)),
            Zeroizing::new(pem::write(KEY, &metadata_key)),
        ];
        Zeroizing::new(sections.iter().map(|section| section.as_str()).collect())
    }

    /// Reads what [`Self::to_pem`] wrote.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn from_pem(text: &[u8]) -> Result<Self, RootError> {
        let refused = NotPem("a root, as `keyfoldd ca root` writes it");
        let [certificate, metadata] = pem::sections(text, SectionKind::Certificate).try_into().map_err(|_| refused)?;
        let keys: Vec<Zeroizing<Vec<u8>>> =
            pem::sections(text, SectionKind::PrivateKey).into_iter().map(Zeroizing::new).collect();
        let [key, metadata_key] = keys.as_slice() else { return Err(refused.into()) };
        let names = names_of(&certificate).ok_or(refused)?;
        Self::new(names, certificate, pair(key)?, (metadata, pair(metadata_key)?))
    }
}

impl Certified {
    /// As it is carried.
    #[must_use]
    pub fn to_pem(&self) -> String {
        [&self.issuer, &self.root, &self.metadata, &self.metadata_root].map(|der| pem::write(CERTIFICATE, der)).concat()
    }

    /// Reads it; nothing of it is verified.
    ///
    /// # Errors
    /// [`NotPem`].
    pub fn from_pem(text: &[u8]) -> Result<Self, NotPem> {
        let [issuer, root, metadata, metadata_root] = pem::sections(text, SectionKind::Certificate)
            .try_into()
            .map_err(|_| NotPem("four certificates, as `keyfoldd ca sign` writes it"))?;
        Ok(Self { issuer, root, metadata, metadata_root })
    }
}

/// The names in a root's certificate.
#[must_use]
pub fn names_of(certificate: &[u8]) -> Option<Names> {
    use x509_cert::{certificate::Certificate, der::asn1::ObjectIdentifier};
    let certificate = Certificate::from_der(certificate).ok()?;
    let mut country = None;
    let mut organization = None;
    for attribute in certificate.tbs_certificate().subject().iter() {
        let text = std::str::from_utf8(attribute.value.value()).ok()?.to_owned();
        match attribute.oid {
            oid if oid == ObjectIdentifier::new_unwrap("2.5.4.6") => country = Some(text),
            oid if oid == ObjectIdentifier::new_unwrap("2.5.4.10") => organization = Some(text),
            _ => {}
        }
    }
    Some(Names { country: country?, organization: organization? })
}

fn pair(pkcs8: &[u8]) -> Result<KeyPair, rcgen::Error> {
    KeyPair::try_from(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8)))
}

fn serial() -> Result<SerialNumber, NoRandomness> {
    random::bytes().map(SerialNumber)
}

fn revocations(list: &[u8]) -> Result<Vec<Revocation>, RootError> {
    let list: CertificateList = CertificateList::from_der(list).map_err(|_| RootError::Revoked)?;
    let entries = list.tbs_cert_list.revoked_certificates.into_iter().flatten();
    let revocation = |entry: x509_cert::crl::RevokedCert| {
        let serial = SerialNumber(entry.serial_number.as_bytes().try_into().ok()?);
        let at = u64::try_from(entry.revocation_date.to_unix_duration().as_millis()).ok()?;
        Some(Revocation { serial, at: UnixMillis(at) })
    };
    entries.map(|entry| revocation(entry).ok_or(RootError::Revoked)).collect()
}

const CERTIFICATE: &str = "CERTIFICATE";
const KEY: &str = "PRIVATE KEY";
