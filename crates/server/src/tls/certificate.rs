use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{Authority, AuthorityError, Fingerprint, authority::CERTIFICATE, provider};

/// The server's certificate, renewed while it serves.
pub struct Certificates {
    source: Source,
    provider: CryptoProvider,
    current: RwLock<Arc<CertifiedKey>>,
}

enum Source {
    Local { authority: Box<Authority>, names: Vec<String>, file: PathBuf },
    Files { certificate: PathBuf, key: PathBuf },
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The local CA.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A PEM file cannot be read or holds something else.
    #[error("{path}: {error}")]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        error: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not belong together.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Certificates {
    /// Certificates for these names from the local CA in `directory`.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn local(directory: &Path, names: Vec<String>) -> Result<Self, CertificateError> {
        let authority = Box::new(Authority::load(directory)?);
        Self::from_source(Source::Local { authority, names, file: directory.join(CERTIFICATE) })
    }

    /// The certificate in PEM files.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn files(certificate: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        Self::from_source(Source::Files { certificate, key })
    }

    fn from_source(source: Source) -> Result<Self, CertificateError> {
        let provider = provider();
        let current = RwLock::new(Arc::new(source.certified(&provider)?));
        Ok(Self { source, provider, current })
    }

    /// Issues a new certificate, or reads the files again. If that fails, the old one goes on.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn renew(&self) -> Result<(), CertificateError> {
        let fresh = Arc::new(self.source.certified(&self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The local CA's certificate: its file and its fingerprint. `None` for PEM files.
    #[must_use]
    pub fn authority(&self) -> Option<(&Path, Fingerprint)> {
        match &self.source {
            Source::Local { authority, file, .. } => Some((file, authority.fingerprint())),
            Source::Files { .. } => None,
        }
    }
}

impl Source {
    fn certified(&self, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateError> {
        let (chain, key) = match self {
            Self::Local { authority, names, .. } => authority.issue(names)?,
            Self::Files { certificate, key } => (
                read_pem(certificate, |path| CertificateDer::pem_file_iter(path)?.collect())?,
                read_pem(key, |path| PrivateKeyDer::from_pem_file(path))?,
            ),
        };
        Ok(CertifiedKey::from_der(chain, key, provider)?)
    }
}

fn read_pem<T>(
    path: &Path,
    read: impl FnOnce(&Path) -> Result<T, rustls_pki_types::pem::Error>,
) -> Result<T, CertificateError> {
    read(path).map_err(|error| CertificateError::Pem { path: path.to_owned(), error })
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificates(..)")
    }
}
