use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use keyfold_crypto::{SigningAlgorithm, VerifyingKey};
use keyfold_wire::v1::ServerInfo;
use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    children::{Child, End, end_of},
    failure::Failure,
    line::Line,
    stage::Stage,
};

/// The real `keyfoldd`, on loopback, with a data folder of its own. Both end with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    ready: Ready,
    data: TempDir,
}

/// What it writes when it serves.
#[derive(Debug, Deserialize)]
struct Ready {
    listen: String,
    plain_listen: Option<String>,
    public_url: String,
    ca_file: Option<String>,
}

impl Server {
    /// A server that does not count how often it is asked: that is not what is measured.
    pub(crate) async fn start(stage: &Stage, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::start_limited(stage, &[&UNLIMITED, settings].concat()).await
    }

    /// A server with the rates that people have.
    pub(crate) async fn start_limited(stage: &Stage, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        Self::run(stage, stage.folder("server.")?, settings)
    }

    /// Another process on the same data, that has not grown by filling it.
    pub(crate) async fn restart(self, stage: &Stage) -> Result<Self, Failure> {
        let Self { child, data, .. } = self;
        drop(child);
        Self::run(stage, data, &UNLIMITED)
    }

    fn run(stage: &Stage, data: TempDir, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let log = data.path().join("keyfoldd.log");
        let mut command = Command::new(stage.program("keyfoldd")?);
        // Nothing of the caller's environment: a setting there would change what is measured.
        command.env_clear().envs(LOOPBACK).envs(settings.iter().copied());
        command.args(["serve", "--ready-file", "/dev/stdout", "--data-dir"]).arg(data.path());
        command.stdout(Stdio::piped()).stderr(File::create(&log).map_err(Failure::io(log.display().to_string()))?);
        let mut child = Child::start(command, End::Kill)?;
        let mut ready = String::new();
        BufReader::new(child.stdout()?).read_line(&mut ready).map_err(Failure::io("keyfoldd"))?;
        match serde_json::from_str(&ready) {
            Ok(ready) => Ok(Self { child, ready, data }),
            Err(_) => {
                let said = end_of(&fs::read_to_string(&log).unwrap_or_default());
                Err(Failure::Program { program: "keyfoldd".to_owned(), said })
            }
        }
    }

    /// A connection without TLS, so that what is measured is the server and not a cipher.
    pub(crate) async fn line(&self) -> Result<Line, Failure> {
        Line::connect(self.plain_address()).await
    }

    /// Where that connection goes.
    pub(crate) fn plain_address(&self) -> &str {
        self.ready.plain_listen.as_deref().unwrap_or(&self.ready.listen)
    }

    /// Where TLS is served.
    pub(crate) fn tls_address(&self) -> &str {
        &self.ready.listen
    }

    /// What devices sign.
    pub(crate) fn url(&self) -> &str {
        &self.ready.public_url
    }

    /// The local CA's certificate, PEM.
    pub(crate) fn authority(&self) -> Result<Vec<u8>, Failure> {
        let path = self.ready.ca_file.clone().unwrap_or_default();
        fs::read(&path).map_err(Failure::io(path))
    }

    /// The key of its receipts.
    pub(crate) async fn log_key(&self) -> Result<VerifyingKey, Failure> {
        let info: ServerInfo = self.line().await?.get("/v1/server").await?.message()?;
        VerifyingKey::new(SigningAlgorithm::Ed25519, &info.log_key).map_err(Failure::client("the server's log key"))
    }

    /// The process.
    pub(crate) const fn process(&self) -> &Child {
        &self.child
    }
}

const LOOPBACK: [(&str, &str); 3] =
    [("KEYFOLD_LISTEN", "127.0.0.1:0"), ("KEYFOLD_PLAIN_LISTEN", "127.0.0.1:0"), ("KEYFOLD_SIGN_UP", "open")];

const UNLIMITED: [(&str, &str); 2] =
    [("KEYFOLD_RATES__ANONYMOUS_PER_MINUTE", "1000000000"), ("KEYFOLD_RATES__DEVICE_PER_SECOND", "100000000")];
