use std::{net::SocketAddr, path::PathBuf};

use keyfold_vault::{LimitOutOfRange, Limits, SignUp};
use serde::{Deserialize, Serialize};

use super::PublicUrl;

/// Everything that an operator may decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where TLS is served.
    pub listen: SocketAddr,
    /// Where plain HTTP is served for a proxy on this machine.
    pub plain_listen: Option<SocketAddr>,
    /// Lets `plain_listen` leave the loopback interface: whoever is on the way then reads the metadata.
    pub plain_listen_beyond_loopback: bool,
    /// Takes the last address in `X-Forwarded-For` on the plain listener for the client's. Only if the proxy sets it.
    pub trust_forwarded_for: bool,
    /// The URL that devices use and sign for, without a trailing slash. By default https://localhost and the port.
    pub public_url: Option<String>,
    /// Where the server keeps its files.
    pub data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://…`. By default a file in `data_dir`.
    pub database: Option<String>,
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

/// Settings that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Plain HTTP on a network.
    #[error(
        "plain_listen {0} is not a loopback address: set plain_listen_beyond_loopback = true if the network to the proxy is private"
    )]
    PlainBeyondLoopback(SocketAddr),
    /// No URL for a server that is reached from elsewhere.
    #[error("set public_url to the URL that devices use: the server listens on {0}")]
    PublicUrlMissing(SocketAddr),
    /// Not a URL that can be signed for.
    #[error("public_url {0:?} is not of the form https://HOST or https://HOST:PORT, in lower case and without a path")]
    PublicUrl(String),
    /// Half a certificate.
    #[error("tls.certificate and tls.key go together: set both, or none for a local CA")]
    HalfCertificate,
    /// Not a database that is supported.
    #[error("database: {0}")]
    Database(#[from] keyfold_store::UnknownDatabase),
    /// A timeout or rate that would refuse everything.
    #[error("{0} is 0: nothing would be served")]
    Zero(&'static str),
    /// Too little memory for the largest body.
    #[error("http.body_memory is {0} MiB: a full push needs {LEAST_BODY_MEMORY}")]
    BodyMemory(usize),
    /// A limit of an account that the protocol does not allow.
    #[error("limits.{0}")]
    Limit(#[from] LimitOutOfRange),
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

    /// Holds the settings against each other.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        if let Some(plain) = self.plain_listen
            && !plain.ip().is_loopback()
            && !self.plain_listen_beyond_loopback
        {
            return Err(SettingsError::PlainBeyondLoopback(plain));
        }
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return Err(SettingsError::HalfCertificate);
        }
        if let Some(url) = &self.public_url
            && PublicUrl::parse(url).is_none()
        {
            return Err(SettingsError::PublicUrl(url.clone()));
        }
        self.public_url(self.listen)?;
        self.database()?;
        self.limits().check()?;
        let HttpSettings { head_timeout, piece_timeout, body_timeout, write_timeout, .. } = self.http;
        let zeros = [
            ("http.head_timeout", head_timeout == 0),
            ("http.piece_timeout", piece_timeout == 0),
            ("http.body_timeout", body_timeout == 0),
            ("http.write_timeout", write_timeout == 0),
            ("http.connections", self.http.connections == 0),
            ("http.pulls", self.http.pulls == 0),
            ("http.hints", self.http.hints == 0),
            ("rates.anonymous_per_minute", self.rates.anonymous_per_minute == 0),
            ("rates.device_per_second", self.rates.device_per_second == 0),
        ];
        zeros.into_iter().find(|(_, zero)| *zero).map_or(Ok(()), |(name, _)| Err(SettingsError::Zero(name)))?;
        if self.http.body_memory < LEAST_BODY_MEMORY {
            return Err(SettingsError::BodyMemory(self.http.body_memory));
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            plain_listen: None,
            plain_listen_beyond_loopback: false,
            trust_forwarded_for: false,
            public_url: None,
            data_dir: PathBuf::from(".keyfold"),
            database: None,
            sign_up: SignUpSetting::Auto,
            tls: TlsSettings::default(),
            limits: LimitSettings::default(),
            http: HttpSettings::default(),
            rates: RateSettings::default(),
            log: LogSettings::default(),
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
        Self { anonymous_per_minute: 1_200, device_per_second: 200 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".to_owned() }
    }
}

/// Half of it for 17 MiB three times over: decoded, encoded again, and on the way to the database.
const LEAST_BODY_MEMORY: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_stand() {
        assert_eq!(Settings::default().check(), Ok(()));
        assert_eq!(Settings::default().sign_up(), SignUp::Open);
    }

    #[test]
    fn a_server_that_others_reach_needs_a_url_and_takes_invites() {
        let mut settings = Settings { listen: "0.0.0.0:8443".parse().unwrap(), ..Settings::default() };
        assert!(matches!(settings.check(), Err(SettingsError::PublicUrlMissing(_))));
        settings.public_url = Some("https://keys.example".into());
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(settings.sign_up(), SignUp::Invite);
    }

    #[test]
    fn plain_http_stays_on_the_machine_unless_it_is_said() {
        let plain_listen = Some("10.0.0.1:8080".parse().unwrap());
        let mut settings = Settings { plain_listen, ..Settings::default() };
        assert!(matches!(settings.check(), Err(SettingsError::PlainBeyondLoopback(_))));
        settings.plain_listen_beyond_loopback = true;
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn a_server_behind_a_proxy_takes_invites_wherever_it_listens() {
        let plain_listen = Some("127.0.0.1:8080".parse().unwrap());
        assert_eq!(Settings { plain_listen, ..Settings::default() }.sign_up(), SignUp::Invite);
        let public_url = Some("https://keys.example".to_owned());
        assert_eq!(Settings { public_url, ..Settings::default() }.sign_up(), SignUp::Invite);
        for local in ["https://localhost:8443", "https://127.0.0.1:8443", "https://[::1]:8443"] {
            assert_eq!(Settings { public_url: Some(local.into()), ..Settings::default() }.sign_up(), SignUp::Open);
        }
    }

    #[test]
    fn there_is_memory_for_a_full_push() {
        let with = |body_memory| Settings {
            http: HttpSettings { body_memory, ..HttpSettings::default() },
            ..Settings::default()
        };
        assert_eq!(with(127).check(), Err(SettingsError::BodyMemory(127)));
        assert_eq!(with(128).check(), Ok(()));
    }

    #[test]
    fn a_limit_may_be_lowered_and_never_raised() {
        let with = |change: fn(&mut LimitSettings)| {
            let mut settings = Settings::default();
            change(&mut settings.limits);
            settings.check().map(|()| settings.limits())
        };
        let lowered = with(|limits| (limits.changes, limits.push) = (10, 100_000)).unwrap();
        assert_eq!((lowered.changes, lowered.push), (10, 100_000));
        let refused = |name, changed| match changed {
            Err(SettingsError::Limit(limit)) => assert_eq!(limit.name, name),
            other => panic!("{name}: {other:?}"),
        };
        refused("changes", with(|limits| limits.changes = 1_001));
        refused("push", with(|limits| limits.push += 1));
        refused("devices", with(|limits| limits.devices = 65));
        refused("items", with(|limits| limits.items = 200_001));
        refused("account_bytes", with(|limits| limits.account_bytes += 1));
        refused("roster_entries", with(|limits| limits.roster_entries = 65));
        let error = with(|limits| limits.roster_entries = 1_001).unwrap_err().to_string();
        assert_eq!(error, "limits.roster_entries is 1001, and may be 66 to 1000");
    }
}
