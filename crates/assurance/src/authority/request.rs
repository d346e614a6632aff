use keyfold_evidence::issue::Names;
use rcgen::{CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, DnValue, KeyPair};
use rustls_pki_types::{CertificateSigningRequestDer, pem::SectionKind};

use super::pem::{self, NotPem};

/// What a tenant's server asks its root to certify: the key that issues leaves, and the one that signs metadata. Two certification
/// requests (RFC 2986), in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) issuer: Vec<u8>,
    pub(super) metadata: Vec<u8>,
}

impl Request {
    pub(super) fn new(names: &Names, issuer: &KeyPair, metadata: &KeyPair) -> Result<Self, rcgen::Error> {
        Ok(Self { issuer: request(names, issuer)?, metadata: request(names, metadata)? })
    }

    /// As it is carried.
    #[must_use]
    pub fn to_pem(&self) -> String {
        [&self.issuer, &self.metadata].map(|der| pem::write(LABEL, der)).concat()
    }

    /// Reads it. Each request's own signature is verified as it is signed.
    ///
    /// # Errors
    /// [`NotPem`].
    pub fn from_pem(text: &[u8]) -> Result<Self, NotPem> {
        let [issuer, metadata] = pem::sections(text, SectionKind::Csr)
            .try_into()
            .map_err(|_| NotPem("two certification requests, as `keyfoldd ca request` writes it"))?;
        Ok(Self { issuer, metadata })
    }

    /// Whose the server says that it is.
    ///
    /// # Errors
    /// [`NotPem`].
    pub fn organization(&self) -> Result<String, NotPem> {
        let refused = || NotPem("a certification request that names its organization");
        let request = parsed(&self.issuer).map_err(|_| refused())?;
        match request.params.distinguished_name.get(&DnType::OrganizationName) {
            Some(DnValue::Utf8String(name)) => Ok(name.clone()),
            _ => Err(refused()),
        }
    }
}

pub(super) fn parsed(der: &[u8]) -> Result<CertificateSigningRequestParams, rcgen::Error> {
    CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))
}

fn request(names: &Names, key: &KeyPair) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, DnValue::PrintableString(names.country.as_str().try_into()?));
    subject.push(DnType::OrganizationName, names.organization.as_str());
    params.distinguished_name = subject;
    Ok(params.serialize_request(key)?.der().to_vec())
}

const LABEL: &str = "CERTIFICATE REQUEST";
