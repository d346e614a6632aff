use std::{fs, sync::Arc};

use keyfold_client::transport::{HttpsTransport, ServerUrl, Trust};
use keyfold_server::{
    config::Settings,
    serve::{self, Running},
    tls,
};
use tempfile::TempDir;

use super::Time;
use crate::Database;

/// A real server in this process, over TLS, with a folder and a database of its own. It ends with the test.
pub struct Hosted {
    pub time: Time,
    running: Running,
    ca: Vec<u8>,
    _data: TempDir,
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
        let mut settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: data.path().to_owned(),
            database: Database::new(data.path()).setting().map(str::to_owned),
            ..Settings::default()
        };
        set(&mut settings);
        let running = serve::start_by(Arc::new(time.clone()), settings).await.unwrap();
        let ca = fs::read(running.ready().ca_file.as_ref().unwrap()).unwrap();
        Self { time, running, ca, _data: data }
    }

    pub fn url(&self) -> ServerUrl {
        self.running.ready().public_url.parse().unwrap()
    }

    /// Where it is, whatever it is called.
    fn place(&self) -> ServerUrl {
        let port = self.running.ready().listen.rsplit_once(':').unwrap().1;
        format!("https://localhost:{port}").parse().unwrap()
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
