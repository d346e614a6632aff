use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    sync::{Arc, Once},
    time::Duration,
};

use keyfold_client::transport::{ServerUrl, Trust};
use keyfold_crypto::{SigningAlgorithm, SigningKey};
use keyfold_server::{
    config::{HttpSettings, Settings, SignUpSetting},
    serve::{self, Running},
    tls,
};
use keyfold_store::{Database, DatabaseUrl, Existing, restore};
use keyfold_vault::storage::{KeyKind, ServerKeyStorage};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    pki_types::{CertificateDer, pem::PemObject},
};
use tempfile::TempDir;

/// An honest server in this process, over TLS with its own CA. What lies is on the way to it.
pub(crate) struct Home {
    running: Option<Running>,
    data: TempDir,
    settings: Settings,
    url: ServerUrl,
}

impl Home {
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// With what an operator may decide; where it listens and keeps its files is the test's.
    pub(crate) async fn start_with(settings: Settings) -> Self {
        let data = TempDir::new().unwrap();
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: data.path().to_owned(),
            // Clients keep their connections; nobody waits for them, and not for slow ones either.
            http: HttpSettings { shutdown_timeout: 0, piece_timeout: 1, ..settings.http.clone() },
            ..settings
        };
        let mut home = Self { running: None, data, settings, url: "https://localhost".parse().unwrap() };
        home.run().await;
        home.url = home.running().ready().public_url.parse().unwrap();
        home.settings.public_url = Some(home.url.to_string());
        home.settings.listen = home.running().ready().listen.parse().unwrap();
        home
    }

    /// The URL that devices sign for.
    pub(crate) fn url(&self) -> ServerUrl {
        self.url.clone()
    }

    /// Where it really is: a copy of a server goes by the original's URL.
    pub(crate) fn place(&self) -> ServerUrl {
        let (_, port) = self.running().ready().listen.rsplit_once(':').unwrap();
        format!("https://localhost:{port}").parse().unwrap()
    }

    pub(crate) fn ca(&self) -> Vec<u8> {
        fs::read(self.data.path().join("ca.pem")).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::pinned(&self.ca()).unwrap()
    }

    /// The key that it signs receipts with: a hostile server signs for whatever it shows.
    pub(crate) async fn log_key(&self) -> SigningKey {
        let database = self.database().await;
        let keys = database.server_keys(KeyKind::Log).await.unwrap();
        database.close().await.unwrap();
        SigningKey::from_secret(SigningAlgorithm::Ed25519, &keys[0].secret).unwrap()
    }

    /// Its database, beside the server.
    pub(crate) async fn database(&self) -> Database {
        Database::connect(&self.database_url()).await.unwrap()
    }

    /// A backup, as an operator makes it.
    pub(crate) async fn backs_up(&self) -> PathBuf {
        let (database, file) = (self.database().await, self.data.path().join("backup.db"));
        database.back_up(&file, &[], &|_, _| {}).await.unwrap();
        database.close().await.unwrap();
        file
    }

    /// Its database is as it was at the backup; whoever holds more is asked for it.
    pub(crate) async fn is_restored(&mut self, backup: &Path) {
        self.running.take().unwrap().stop().await.unwrap();
        restore(&self.database_url(), backup, Existing::Replace, &|_, _| {}).await.unwrap();
        self.run().await;
    }

    /// From its next start on nobody may create an account.
    pub(crate) fn closes_sign_up(&mut self) {
        self.settings.sign_up = SignUpSetting::Closed;
    }

    /// A second server with all that this one knows so far, under the same name and with the same keys: a backup that
    /// was restored, or the other half of a fork.
    pub(crate) async fn copy(&mut self) -> Self {
        self.running.take().unwrap().stop().await.unwrap();
        let data = TempDir::new().unwrap();
        for file in fs::read_dir(self.data.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), data.path().join(file.file_name())).unwrap();
        }
        self.run().await;
        let listen = "127.0.0.1:0".parse().unwrap();
        let settings = Settings { listen, data_dir: data.path().to_owned(), ..self.settings.clone() };
        let mut copy = Self { running: None, data, settings, url: self.url.clone() };
        copy.run().await;
        copy
    }

    /// A connection below HTTP, by a client that knows this version of TLS only.
    pub(crate) fn raw(&self, version: &'static SupportedProtocolVersion) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.ca()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(tls::provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let socket = TcpStream::connect(&self.running().ready().listen).unwrap();
        // A server that never answers fails a test; it does not hold it up for ever.
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        StreamOwned::new(connection, socket)
    }

    fn database_url(&self) -> DatabaseUrl {
        DatabaseUrl::file(&self.data.path().join("keyfold.db"))
    }

    async fn run(&mut self) {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| tls::provider().install_default().unwrap());
        self.running = Some(Box::pin(serve::start(self.settings.clone())).await.unwrap());
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }
}

/// Longer than a server takes for any answer.
const PATIENCE: Duration = Duration::from_secs(30);
