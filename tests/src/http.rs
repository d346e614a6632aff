use std::{fs, sync::Arc};

use bytes::Bytes;
use keyfold_wire::v1::{Problem, ProblemCode};
use prost::Message;
use reqwest::{Client, Method, RequestBuilder};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::runtime::{Builder, Runtime};

use crate::Server;

/// An HTTP client that is none of ours, for requests that none of ours makes.
pub struct Http {
    runtime: Runtime,
    client: Client,
    base: String,
}

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Http {
    /// Over TLS, as devices come.
    pub fn to(server: &Server) -> Self {
        Self::over(&fs::read(server.ca()).unwrap(), server.url())
    }

    /// Without TLS, as a proxy on the same machine comes.
    pub fn plain(address: &str) -> Self {
        Self::over(b"", format!("http://{address}"))
    }

    fn over(ca: &[u8], base: String) -> Self {
        let tls = tls_client(aws_lc_rs::default_provider(), &[&rustls::version::TLS13], ca);
        let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap();
        Self { runtime: Builder::new_current_thread().enable_all().build().unwrap(), client, base }
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, |request| request)
    }

    pub fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        let body = body.into();
        self.send(Method::POST, path, |request| request.body(body))
    }

    /// A request with whatever the test makes of it.
    #[track_caller]
    pub fn send(&self, method: Method, path: &str, make: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Reply {
        let request = make(self.client.request(method, format!("{}{path}", self.base)));
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
            let status = response.status().as_u16();
            Reply {
                status,
                content_type: content_type.unwrap_or_default(),
                body: response.bytes().await.unwrap().into(),
            }
        })
    }
}

impl Reply {
    /// Panics unless the server refused so, with a `Problem` and the status that belongs to it; gives its detail.
    #[track_caller]
    pub fn refused(&self, status: u16, code: ProblemCode) -> String {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!((self.status, self.content_type.as_str()), (status, "application/x-protobuf"), "{body}");
        let problem = Problem::decode(self.body.as_slice()).unwrap();
        assert_eq!(problem.code(), code, "{}", problem.detail);
        assert_eq!(problem.detail.lines().count(), 1, "{}", problem.detail);
        problem.detail
    }
}

/// A TLS client of these versions that trusts these certificates in PEM.
pub fn tls_client(provider: CryptoProvider, versions: &[&'static SupportedProtocolVersion], ca: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca) {
        roots.add(certificate.unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
