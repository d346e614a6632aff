use std::net::SocketAddr;

use keyfold_vault::LimitOutOfRange;
use reqwest::Url;

use super::{HttpSettings, PublicUrl, Settings, TraceSettings};

/// Settings that do not go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
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
    /// Not a Redis.
    #[error("redis: {0}")]
    Redis(#[from] keyfold_store::NotARedisUrl),
    /// Not a collector's URL.
    #[error("traces.otlp_endpoint is written as http://HOST:PORT or https://HOST:PORT, without a user or a query")]
    TracesEndpoint,
    /// Not a part of the requests.
    #[error("traces.sample is {0}: it is above 0 and at most 1")]
    TracesSample(f64),
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
        self.redis()?;
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
            ("rates.client_per_second", self.rates.client_per_second == 0),
        ];
        zeros.into_iter().find(|(_, zero)| *zero).map_or(Ok(()), |(name, _)| Err(SettingsError::Zero(name)))?;
        if self.http.body_memory < LEAST_BODY_MEMORY {
            return Err(SettingsError::BodyMemory(self.http.body_memory));
        }
        self.traces.check()
    }
}

impl TraceSettings {
    fn check(&self) -> Result<(), SettingsError> {
        if self.otlp_endpoint.as_deref().is_some_and(|url| !is_collector(url)) {
            return Err(SettingsError::TracesEndpoint);
        }
        if self.sample > 0.0 && self.sample <= 1.0 { Ok(()) } else { Err(SettingsError::TracesSample(self.sample)) }
    }
}

fn is_collector(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// Half of it for 17 MiB three times over: decoded, encoded again, and on the way to the database.
const LEAST_BODY_MEMORY: usize = 128;

#[cfg(test)]
mod tests {
    use keyfold_vault::SignUp;

    use super::{super::LimitSettings, *};

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
    fn traces_go_to_a_url_that_holds_no_secret() {
        let with = |endpoint: &str, sample| {
            let traces = TraceSettings { otlp_endpoint: Some(endpoint.to_owned()), sample };
            Settings { traces, ..Settings::default() }.check()
        };
        for url in ["http://127.0.0.1:4318", "https://otel.example", "https://otel.example:4318/keyfold/"] {
            assert_eq!(with(url, 0.5), Ok(()), "{url}");
        }
        for url in [
            "",
            "127.0.0.1:4318",
            "grpc://127.0.0.1:4317",
            "http://",
            "http://ana:secret@otel.example",
            "http://otel.example?key=secret",
            "http://otel.example/#traces",
        ] {
            assert_eq!(with(url, 1.0), Err(SettingsError::TracesEndpoint), "{url}");
        }
        for sample in [0.0, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(with("http://otel.example", sample), Err(SettingsError::TracesSample(sample)));
        }
        assert!(matches!(with("http://otel.example", f64::NAN), Err(SettingsError::TracesSample(_))));
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
