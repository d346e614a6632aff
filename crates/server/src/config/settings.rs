use std::{net::SocketAddr, path::PathBuf};

use keyfold_vault::{Limits, SignUp};
use serde::{Deserialize, Serialize};

use super::{PublicUrl, SettingsError};

/// Everything that an operator may decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where TLS is served.
    pub listen: SocketAddr,
    /// Where plain HTTP is served for a proxy on this machine.
    pub plain_listen: Option<SocketAddr>,
    /// Lets `plain_listen` leave the loopback interface: whoever is on the way then reads the metadata.
    pub plain_listen_beyond_loopback: bool,
    /// Where `/metrics` is served for Prometheus, without TLS.
    pub metrics_listen: Option<SocketAddr>,
    /// Takes the last address in `X-Forwarded-For` on the plain listener for the client's. Only if the proxy sets it.
    pub trust_forwarded_for: bool,
    /// The URL that devices use and sign for, without a trailing slash. By default https://localhost and the port.
    pub public_url: Option<String>,
    /// Where the server keeps its files.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://…`. By default a file in `data_dir`.
    pub database: Option<String>,
    /// `redis://…` or `rediss://…`, which several servers on one database share. By default there is one server.
    pub redis: Option<String>,
    /// Who may create an account.
    pub sign_up: SignUpSetting,
    /// Certificates.
    pub tls: TlsSettings,
    /// What an account may take.
    pub limits: LimitSettings,
    /// How patient the server is.
    pub http: HttpSettings,
    /// How often one address or device may ask.
    pub rates: RateSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Where traces go.
    pub traces: TraceSettings,
    /// How the server looks at what domains say of themselves.
    pub domains: DomainSettings,
}

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUpSetting {
    /// `open` where nobody else can reach the server: it listens on the loopback interface only, without a plain
    /// listener, which is for a proxy, and under no name but localhost. Else `invite`.
    #[default]
    Auto,
    /// Everyone.
    Open,
    /// Who holds an invite.
    Invite,
    /// Nobody.
    Closed,
}

/// Certificates: PEM files, or by default a local CA in `data_dir`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// The certificate chain, PEM. Read again every hour.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// More names and addresses for the local CA's certificate, beside the public URL's host and localhost.
    pub names: Vec<String>,
}

/// What an account may take; see [`Limits`]. The defaults are the most that the protocol allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Changes of one commit.
    pub changes: usize,
    /// Bytes of all envelopes of one push.
    pub push: usize,
    /// Active devices.
    pub devices: usize,
    /// Items, purged ones included.
    pub items: u64,
    /// Bytes of all that is kept: envelopes, commits, roster entries, keys.
    pub account_bytes: u64,
    /// Roster entries.
    pub roster_entries: u64,
}

/// How patient the server is. Seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// For a TLS handshake and for a request's head.
    pub head_timeout: u64,
    /// Between two pieces of a body.
    pub piece_timeout: u64,
    /// For a whole body.
    pub body_timeout: u64,
    /// For a client that takes nothing of its answer.
    pub write_timeout: u64,
    /// An idle connection.
    pub keep_alive: u64,
    /// For requests under way when the server stops.
    pub shutdown_timeout: u64,
    /// MiB that all bodies together may take, half of it while they arrive and half for their copies.
    pub body_memory: usize,
    /// Open connections, for each worker.
    pub connections: usize,
    /// Pulls that run at once. Each takes up to 2 MiB.
    pub pulls: usize,
    /// Devices that listen for hints at once.
    pub hints: usize,
}

/// How often one address or device may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateSettings {
    /// New accounts, enrolments, steps of enrolments and sessions: for each address, a minute.
    pub anonymous_per_minute: u32,
    /// Requests of a session: for each device, a second.
    pub device_per_second: u32,
    /// Requests of a relying party or another client of a tenant: for each of them, a second.
    pub client_per_second: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter like `info,keyfold_server=debug`.
    pub level: String,
}

/// Where traces go: by default nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSettings {
    /// An OpenTelemetry collector that takes OTLP over HTTP: `http://HOST:PORT` or `https://…`, without `/v1/traces`.
    pub otlp_endpoint: Option<String>,
    /// Which part of the requests is traced, above 0 and up to 1.
    pub sample: f64,
}

/// How the server looks at what domains say of themselves: relying parties prove by it that they own an RP id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DomainSettings {
    /// Asks private addresses too: for relying parties within the operator's own network.
    pub private_addresses: bool,
    /// CA certificates (PEM) that are trusted beside the platform's.
    pub ca: Option<PathBuf>,
    /// Where domains are that no name server knows: `NAME=ADDRESS:PORT`.
    pub hosts: Vec<String>,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Who may create an account, once the listeners are known.
    #[must_use]
    pub fn sign_up(&self) -> SignUp {
        let named = self.public_url.as_deref().and_then(PublicUrl::parse);
        let here = self.public_url.is_none() || named.is_some_and(|url| url.is_loopback());
        // Whoever stands behind a plain listener takes requests from elsewhere.
        let local = self.listen.ip().is_loopback() && self.plain_listen.is_none() && here;
        match self.sign_up {
            SignUpSetting::Auto if local => SignUp::Open,
            SignUpSetting::Open => SignUp::Open,
            SignUpSetting::Auto | SignUpSetting::Invite => SignUp::Invite,
            SignUpSetting::Closed => SignUp::Closed,
        }
    }

    /// The limits of an account.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let LimitSettings { changes, push, devices, items, account_bytes, roster_entries } = self.limits;
        Limits { changes, push, devices, items, account_bytes, roster_entries }
    }

    /// The database's URL.
    ///
    /// # Errors
    /// [`SettingsError::Database`].
    pub fn database(&self) -> Result<keyfold_store::DatabaseUrl, SettingsError> {
        match &self.database {
            Some(url) => Ok(url.parse()?),
            None => Ok(keyfold_store::DatabaseUrl::file(&self.data_dir.join("keyfold.db"))),
        }
    }

    /// Redis's URL, if there is one.
    ///
    /// # Errors
    /// [`SettingsError::Redis`].
    pub fn redis(&self) -> Result<Option<keyfold_store::RedisUrl>, SettingsError> {
        Ok(self.redis.as_deref().map(str::parse).transpose()?)
    }

    /// The public URL, once the port is known.
    ///
    /// # Errors
    /// [`SettingsError::PublicUrlMissing`] if the server is not a local one.
    pub fn public_url(&self, bound: SocketAddr) -> Result<String, SettingsError> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None if bound.ip().is_loopback() => Ok(format!("https://localhost:{}", bound.port())),
            None => Err(SettingsError::PublicUrlMissing(bound)),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            plain_listen: None,
            plain_listen_beyond_loopback: false,
            metrics_listen: None,
            trust_forwarded_for: false,
            public_url: None,
            data_dir: PathBuf::from(".keyfold"),
            database: None,
            redis: None,
            sign_up: SignUpSetting::Auto,
            tls: TlsSettings::default(),
            limits: LimitSettings::default(),
            http: HttpSettings::default(),
            rates: RateSettings::default(),
            log: LogSettings::default(),
            traces: TraceSettings::default(),
            domains: DomainSettings::default(),
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        let Limits { changes, push, devices, items, account_bytes, roster_entries, .. } = Limits::default();
        Self { changes, push, devices, items, account_bytes, roster_entries }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            head_timeout: 10,
            piece_timeout: 10,
            body_timeout: 120,
            write_timeout: 30,
            keep_alive: 75,
            shutdown_timeout: 20,
            body_memory: 256,
            connections: 10_000,
            pulls: 128,
            hints: 20_000,
        }
    }
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { anonymous_per_minute: 1_200, device_per_second: 200, client_per_second: 100 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".to_owned() }
    }
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample: 1.0 }
    }
}
