use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
    version::TLS13,
};
use rustls_platform_verifier::BuilderVerifierExt;

/// Whose word the client takes on who a server is.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The authorities that the operating system trusts.
    Platform,
    /// Only these certificates: a CA that a Keyfold server made for itself, or an organisation's own.
    Pinned {
        /// As it was given.
        pem: Vec<u8>,
        /// What is in it.
        certificates: Vec<CertificateDer<'static>>,
    },
}

/// The file that should hold CA certificates does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificates {
    /// No certificate in PEM.
    #[error("the CA file holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")]
    None,
    /// One that is not a CA certificate.
    #[error("the CA file holds something that is not a CA certificate: {0}")]
    Unusable(String),
    /// The system's trust store is out of reach.
    #[error("the system's certificates cannot be read: {0}")]
    Platform(String),
}

impl Trust {
    /// Reads CA certificates in PEM.
    ///
    /// # Errors
    /// [`BadCertificates`].
    pub fn pinned(pem: &[u8]) -> Result<Self, BadCertificates> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| BadCertificates::Unusable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(BadCertificates::None);
        }
        let trust = Self::Pinned { pem: pem.to_vec(), certificates };
        trust.tls()?;
        Ok(trust)
    }

    /// The pinned certificates in PEM.
    #[must_use]
    pub fn pem(&self) -> Option<&[u8]> {
        match self {
            Self::Platform => None,
            Self::Pinned { pem, .. } => Some(pem),
        }
    }

    /// SHA-256 of the first pinned certificate in DER: what a QR code names.
    #[must_use]
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        match self {
            Self::Platform => None,
            Self::Pinned { certificates, .. } => digest(&SHA256, certificates.first()?).as_ref().try_into().ok(),
        }
    }

    /// TLS 1.3 by aws-lc-rs, which prefers X25519MLKEM768.
    pub(super) fn tls(&self) -> Result<ClientConfig, BadCertificates> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| BadCertificates::Platform(error.to_string()))?;
        let config = match self {
            Self::Platform => builder
                .with_platform_verifier()
                .map_err(|error| BadCertificates::Platform(error.to_string()))?
                .with_no_client_auth(),
            Self::Pinned { certificates, .. } => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates {
                    roots.add(certificate.clone()).map_err(|error| BadCertificates::Unusable(error.to_string()))?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(matches!(Trust::pinned(b"hello"), Err(BadCertificates::None)));
        let key = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Trust::pinned(key), Err(BadCertificates::Unusable(_))));
    }
}
