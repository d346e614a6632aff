//! What domains say of themselves, fetched by whoever serves tenants: over TLS, without redirects, from no private address unless
//! the operator allows it, within seconds.

mod address;
mod resolver;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::StreamExt;
use keyfold_assurance::relying_parties::{DomainFiles, FileError, MAX_DOMAIN_FILE};
use reqwest::{Client, ClientBuilder, StatusCode, redirect::Policy};
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use rustls_platform_verifier::Verifier;

use crate::config::DomainSettings;
use resolver::Resolver;

/// Fetches over HTTPS.
pub(crate) struct HttpsFiles {
    client: Client,
    resolver: Arc<Resolver>,
}

/// Why nothing can be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DomainFilesError {
    /// The CA certificates cannot be read.
    #[error("domains.ca {path}: {error}")]
    Ca {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A host is not written as it must be.
    #[error("domains.hosts has {0:?}: write NAME=ADDRESS:PORT")]
    Host(String),
    /// TLS cannot be set up.
    #[error("domains: {0}")]
    Tls(String),
}

impl HttpsFiles {
    pub(crate) fn new(settings: &DomainSettings) -> Result<Self, DomainFilesError> {
        let resolver = Arc::new(Resolver::new(settings)?);
        let client = ClientBuilder::new()
            .tls_backend_preconfigured(tls(settings)?)
            .redirect(Policy::none())
            .https_only(true)
            .no_proxy()
            .dns_resolver(Arc::clone(&resolver))
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("keyfoldd/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| DomainFilesError::Tls(error.to_string()))?;
        Ok(Self { client, resolver })
    }
}

#[async_trait]
impl DomainFiles for HttpsFiles {
    async fn fetch(&self, rp_id: &str) -> Result<Vec<u8>, FileError> {
        // Asked before, so that it is told which address is private: the client would say that nobody answers.
        self.resolver.addresses(rp_id).await?;
        let unreachable = |error: reqwest::Error| FileError::Unreachable(reason(&error));
        let url = format!("https://{rp_id}/.well-known/keyfold-domain");
        let answer = self.client.get(url).send().await.map_err(unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(FileError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(unreachable)?;
            if body.len() + piece.len() > MAX_DOMAIN_FILE {
                return Err(FileError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

/// The last cause says what it is about.
fn reason(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn tls(settings: &DomainSettings) -> Result<ClientConfig, DomainFilesError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let refused = |error: &dyn std::fmt::Display| DomainFilesError::Tls(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| refused(&error))?;
    let own = settings.ca.as_deref().map(certificates).transpose()?.unwrap_or_default();
    // Beside the platform's.
    let verifier = Verifier::new_with_extra_roots(own, provider).map_err(|error| refused(&error))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DomainFilesError> {
    let unreadable = |error| DomainFilesError::Ca { path: path.to_owned(), error };
    let pem = fs::read(path).map_err(unreadable)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    read.map_err(|error| unreadable(io::Error::other(error.to_string())))
}

const PATIENCE: Duration = Duration::from_secs(10);
