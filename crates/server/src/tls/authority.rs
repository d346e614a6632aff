use std::{fs, io, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use time::{Duration, OffsetDateTime};

use super::{
    Fingerprint,
    files::{private_directory, write_whole},
};

/// The server's own CA: made at the first start, kept in the data directory, given to devices as a file or as a
/// fingerprint in a QR code. It signs nothing but this server's own certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// Why there is no local CA.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("local CA: {path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// One of the two files is missing: making a new CA would cut off every device that trusts the old one.
    #[error("local CA: {0} is missing while the other half is there: restore it, or remove both to begin anew")]
    Half(String),
    /// A file does not hold what it should.
    #[error("local CA: {0}")]
    Contents(#[from] rcgen::Error),
    /// A file is not PEM.
    #[error("local CA: {0}")]
    Pem(#[from] rustls_pki_types::pem::Error),
}

impl Authority {
    /// Reads the CA in `directory`, or makes it.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn load(directory: &Path) -> Result<Self, AuthorityError> {
        let (certificate, key) = (directory.join(CERTIFICATE), directory.join(KEY));
        match (certificate.exists(), key.exists()) {
            (true, true) => {}
            (false, false) => make(directory)?,
            (true, false) => return Err(AuthorityError::Half(key.display().to_string())),
            (false, true) => return Err(AuthorityError::Half(certificate.display().to_string())),
        }
        let pem = read(&certificate)?;
        let issuer = Issuer::from_ca_cert_pem(&pem, KeyPair::from_pem(&read(&key)?)?)?;
        Ok(Self { issuer, certificate: CertificateDer::from_pem_slice(pem.as_bytes())? })
    }

    /// SHA-256 of the CA's certificate.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// A new key and its certificate for these names, good for 90 days.
    pub(super) fn issue(
        &self,
        names: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "keyfoldd");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
        params.not_after = params.not_before + LEAF_LIFE;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((vec![certificate.der().clone(), self.certificate.clone()], key.into()))
    }
}

fn make(directory: &Path) -> Result<(), AuthorityError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Keyfold local CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = params.not_before + CA_LIFE;
    let certificate = params.self_signed(&key)?;
    private_directory(directory).map_err(|error| failed(directory, error))?;
    // The key first: a certificate whose key was lost on the way would be trusted for nothing.
    let path = directory.join(KEY);
    write_whole(&path, key.serialize_pem().as_bytes(), 0o600).map_err(|error| failed(&path, error))?;
    let path = directory.join(CERTIFICATE);
    write_whole(&path, certificate.pem().as_bytes(), 0o644).map_err(|error| failed(&path, error))
}

fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: io::Error) -> AuthorityError {
    AuthorityError::File { path: path.display().to_string(), error }
}

/// The CA's certificate, which devices are given.
pub(super) const CERTIFICATE: &str = "ca.pem";
/// What devices pin, and what it is made with.
pub(crate) const AUTHORITY: [&str; 2] = [CERTIFICATE, KEY];
const KEY: &str = "ca.key";
const CA_LIFE: Duration = Duration::days(3650);
const LEAF_LIFE: Duration = Duration::days(90);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_ca_is_made_once_and_its_key_is_nobody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let first = Authority::load(&data).unwrap().fingerprint();
        assert_eq!(Authority::load(&data).unwrap().fingerprint(), first);
        let mode = fs::metadata(data.join(KEY)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn half_a_ca_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        Authority::load(directory.path()).unwrap();
        fs::remove_file(directory.path().join(KEY)).unwrap();
        assert!(matches!(Authority::load(directory.path()), Err(AuthorityError::Half(_))));
    }
}
