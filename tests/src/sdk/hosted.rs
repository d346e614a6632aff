use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use keyfold_client::transport::{HttpsTransport, ServerUrl, Trust};
use keyfold_server::{
    config::Settings,
    serve::{self, Running},
    tls,
};
use keyfold_store::{Existing, restore};
use tempfile::TempDir;

use super::Time;
use crate::Database;

/// A real server in this process, over TLS, with a folder and a database of its own. It ends with the test.
pub struct Hosted {
    pub time: Time,
    running: Running,
    ca: Vec<u8>,
    settings: Settings,
    database: Database,
    data: TempDir,
}

impl Hosted {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server that is set otherwise than by default.
    pub async fn start_with(set: impl FnOnce(&mut Settings)) -> Self {
        // Every story of this process installs the same one; the first is kept.
        let _ = tls::provider().install_default();
        let (data, time) = (TempDir::new().unwrap(), Time::begin());
        let database = Database::new(data.path());
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: data.path().to_owned(),
            database: database.setting().map(str::to_owned),
            ..Settings::default()
        };
        set(&mut settings);
        let database = match &settings.database {
            Some(url) => Database::at(url),
            None => database,
        };
        Self::run(time, settings, database, data).await
    }

    async fn run(time: Time, mut settings: Settings, database: Database, data: TempDir) -> Self {
        let running = serve::start_by(Arc::new(time.clone()), settings.clone()).await.unwrap();
        settings.listen = running.ready().listen.parse().unwrap();
        let ca = fs::read(running.ready().ca_file.as_ref().unwrap()).unwrap();
        Self { time, running, ca, settings, database, data }
    }

    /// A backup, made while it runs.
    pub async fn back_up(&self, name: &str) -> PathBuf {
        let file = self.data.path().join(name);
        let database = serve::connect_database(&self.settings).await.unwrap();
        database.back_up(&file, &[], &|_, _| {}).await.unwrap();
        database.close().await.unwrap();
        file
    }

    /// The same server, at the same place, with its database as it was at the backup.
    pub async fn restored_from(self, backup: &Path) -> Self {
        let Self { time, running, settings, database, data, .. } = self;
        running.stop().await.unwrap();
        let url = settings.database().unwrap();
        restore(&url, backup, Existing::Replace, &|_, _| {}).await.unwrap();
        Self::run(time, settings, database, data).await
    }

    /// Changes something behind the server's back.
    pub async fn run_on_the_database(&self, statement: &'static str) {
        self.database.run(statement).await;
    }

    pub fn url(&self) -> ServerUrl {
        self.running.ready().public_url.parse().unwrap()
    }

    /// Where it is, whatever it is called.
    fn place(&self) -> ServerUrl {
        let port = self.running.ready().listen.rsplit_once(':').unwrap().1;
        format!("https://localhost:{port}").parse().unwrap()
    }

    /// What `/metrics` tells, where the settings have a listener for it.
    pub async fn metrics(&self) -> String {
        let address = self.running.ready().metrics_listen.as_ref().unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        client.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap()
    }

    /// The local CA's certificate, PEM.
    pub fn ca(&self) -> Vec<u8> {
        self.ca.clone()
    }

    pub fn trust(&self) -> Trust {
        Trust::pinned(&self.ca).unwrap()
    }

    pub fn transport(&self) -> HttpsTransport {
        HttpsTransport::new(self.place(), &self.trust()).unwrap()
    }
}
