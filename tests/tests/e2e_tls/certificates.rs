use std::{fs, path::PathBuf, sync::Arc};

use keyfold_tests::{Device, Server, ServerOptions, Shop, does_not_start, exit};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;

/// An organisation's own CA.
pub(crate) struct OwnCa {
    folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl OwnCa {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for this host, and its key.
    fn issue(&self, host: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        fs::write(self.folder.path().join("server.pem"), certificate.pem()).unwrap();
        fs::write(self.folder.path().join("server.key"), key.serialize_pem()).unwrap();
        (vec![certificate.der().clone()], der.into())
    }

    /// What a server of ours needs to speak this version of TLS as localhost.
    pub(crate) fn tls_server(&self, version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
        let (chain, key) = self.issue("localhost");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }

    /// A server that serves the certificate that was issued last.
    fn options(&self) -> ServerOptions {
        let file = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (file("server.pem"), file("server.key"));
        ServerOptions::with([("KEYFOLD_TLS__CERTIFICATE", &certificate), ("KEYFOLD_TLS__KEY", &key)])
    }
}

#[test]
fn an_organisations_own_certificate_serves_as_well() {
    let ca = OwnCa::new();
    ca.issue("localhost");
    let server = Server::start_with(ca.options());
    assert!(server.ready()["ca_file"].is_null() && !server.ca().exists(), "no local CA is made");

    let a = Device::trusting(&server, ca.file());
    a.found("Ana's laptop", "ed25519");
    let b = Device::trusting(&server, ca.file());
    b.join(&a, "Ana's phone", "ed25519");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    assert_eq!(b.ok(&["sync"])["items_pulled"], 1);
}

#[test]
fn a_certificate_for_another_host_is_not_trusted() {
    let ca = OwnCa::new();
    ca.issue("keys.example");
    let server = Server::start_with(ca.options());
    let a = Device::trusting(&server, ca.file());
    a.fails(exit::NOT_TRUSTED, &["account", "create", "--server", a.url()]);
}

#[test]
fn the_local_ca_is_the_same_after_a_restart_and_devices_go_on() {
    let mut server = Server::start();
    let before = server.ready().clone();
    assert_eq!(before["ca_fingerprint"].as_str().unwrap().len(), 64);
    let a = Device::founded(&server, "Ana's laptop");
    assert!(server.stop().success());
    server.restart();
    assert_eq!(*server.ready(), before);
    a.ok(&["sync"]);
    // What an enrolment's QR code names is the CA that the server names.
    Device::enrolled(&server, "Ana's phone", &a);
}

#[test]
fn certificates_that_cannot_be_served_are_told_at_the_start_in_one_line() {
    let (ca, other) = (OwnCa::new(), OwnCa::new());
    ca.issue("localhost");
    other.issue("localhost");
    let mut mixed = ca.options();
    mixed.environment[1] = other.options().environment[1].clone();
    let mut half = ca.options();
    half.environment.pop();
    let mut missing = ca.options();
    missing.environment[0].1 = "/no/such/file.pem".to_owned();
    for (options, word) in [(mixed, "certificate"), (half, "tls.key"), (missing, "/no/such/file.pem")] {
        let line = does_not_start(&options, &["--listen", "127.0.0.1:0"]).server_line();
        assert!(line.contains(word), "{line}");
    }
}
