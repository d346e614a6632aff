use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use keyfold_server::{
    config::{Settings, SignUpSetting},
    serve::{self, Running},
    tls,
};
use keyfold_vault::{Clock, SystemClock};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Answer, Line};

/// A server of the test's own. It ends with the test.
pub(crate) struct Server {
    runtime: Runtime,
    running: Option<Running>,
    clock: Arc<Hands>,
    data: TempDir,
}

/// The machine's clock, moved on by as much as a test wants. Server and devices go by it.
#[derive(Default)]
pub(crate) struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> u64 {
        SystemClock.now() + self.0.load(Ordering::Relaxed)
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With settings that this test changes.
    pub(crate) fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let data = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = Arc::new(Hands::default());
        let running = runtime.block_on(serve::start_by(clock.clone(), settings(&data, change))).unwrap();
        Self { runtime, running: Some(running), clock, data }
    }

    /// What a server says that does not start.
    pub(crate) fn refused(change: impl FnOnce(&mut Settings)) -> String {
        let data = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match runtime.block_on(serve::start(settings(&data, change))) {
            Ok(_) => panic!("it starts"),
            Err(error) => error.to_string(),
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_millis().try_into().unwrap(), Ordering::Relaxed);
    }

    pub(super) fn clock(&self) -> Arc<Hands> {
        Arc::clone(&self.clock)
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    pub(crate) fn url(&self) -> &str {
        &self.running.as_ref().unwrap().ready().public_url
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// A connection without TLS, as a proxy on this machine has it.
    pub(crate) fn line(&self) -> Line<TcpStream> {
        let address = self.running.as_ref().unwrap().ready().plain_listen.clone().unwrap();
        Line::new(connect(&address))
    }

    /// A connection over TLS 1.3 that trusts the server's own CA.
    pub(crate) fn tls_line(&self) -> Line<impl Read + Write> {
        let ready = self.running.as_ref().unwrap().ready();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ready.ca_file.as_ref().unwrap()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        Line::new(StreamOwned::new(session, connect(&ready.listen)))
    }

    /// A GET without a session.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.line().ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"")
    }

    /// A POST without a session.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.line().ask(&format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len()), body)
    }

    /// Does something beside the server, as an operator's command does.
    pub(crate) fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Stops as on SIGTERM; returns when all is closed.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop()).unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn settings(data: &TempDir, change: impl FnOnce(&mut Settings)) -> Settings {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| tls::provider().install_default().unwrap());
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut settings = Settings {
        listen: local,
        plain_listen: Some(local),
        sign_up: SignUpSetting::Open,
        data_dir: data.path().join("data"),
        ..Settings::default()
    };
    change(&mut settings);
    settings
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // Nothing here takes as long: a test that waits for what never comes fails.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}
