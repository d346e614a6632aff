//! TLS 1.3, post-quantum key exchange first, and the certificates for it: PEM files, or the server's own local CA.

mod authority;
mod certificate;
mod files;
mod fingerprint;

pub(crate) use authority::AUTHORITY;
pub use authority::{Authority, AuthorityError};
pub use certificate::{CertificateError, Certificates};
pub(crate) use files::{private_directory, write_whole};
pub use fingerprint::Fingerprint;

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, kx_group},
    },
    server::NoServerSessionStorage,
    version::TLS13,
};

/// The one provider of this program: X25519MLKEM768 preferred, classical groups for clients that do not know it.
#[must_use]
pub fn provider() -> CryptoProvider {
    let kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}

/// What a listener serves. Sessions are not resumed: each connection proves the key anew, and no ticket key is kept.
///
/// # Errors
/// Only if the provider does not know TLS 1.3.
pub fn server_config(certificates: Arc<Certificates>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
