use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// Where a ceremony comes from: a potentially trustworthy origin in its serialized form, such as
/// `https://example.org` or `http://localhost:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    serialized: String,
    host: Host<String>,
}

impl Origin {
    /// Reads an origin. It must be written exactly as browsers serialize it: lower case, Punycode,
    /// no default port, nothing after host and port.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn parse(origin: &str) -> Result<Self, OriginError> {
        let url = Url::parse(origin).map_err(|_| OriginError::Malformed)?;
        let host = url.host().ok_or(OriginError::Malformed)?.to_owned();
        let trustworthy = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(&host),
            _ => false,
        };
        if !trustworthy {
            return Err(OriginError::NotTrustworthy);
        }
        let serialized = url.origin().ascii_serialization();
        if serialized != origin || !is_plain(&host) {
            return Err(OriginError::NotSerialized);
        }
        Ok(Origin { serialized, host })
    }

    /// The serialized origin.
    pub fn as_str(&self) -> &str {
        &self.serialized
    }

    /// The effective domain; `None` if the host is an IP address.
    pub(super) fn domain(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(domain) => Some(domain),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.serialized)
    }
}

/// Why an origin was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OriginError {
    /// It is no URL with a host. Write it as `https://host` or `https://host:port`.
    #[error("the origin is not of the form https://host or https://host:port")]
    Malformed,
    /// It is neither https, nor http on this machine (localhost, *.localhost, 127.0.0.0/8, ::1).
    #[error("the origin must be https, or http on localhost")]
    NotTrustworthy,
    /// It is not in serialized form: it has a path, a user name, a default port, upper case,
    /// an empty label, or a character that no host on the web has.
    #[error("the origin must be only scheme, host and port, as a browser writes them")]
    NotSerialized,
}

/// The hosts that are potentially trustworthy over plain http (W3C Secure Contexts §3.1).
fn is_this_machine(host: &Host<String>) -> bool {
    match host {
        Host::Domain(domain) => domain == "localhost" || domain.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A trailing dot or an empty label would make two names of one host. The URL standard allows hosts with quotes, braces and
/// commas; no relying party has one.
fn is_plain(host: &Host<String>) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match host {
        Host::Domain(domain) => domain.split('.').all(|label| !label.is_empty() && label.bytes().all(in_label)),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_http_on_this_machine_are_trusted() {
        for origin in [
            "https://example.org",
            "https://example.org:8443",
            "https://xn--bcher-kva.example",
            "https://a_b.example",
            "https://192.0.2.1",
            "https://[2001:db8::1]:8443",
            "http://localhost",
            "http://localhost:8080",
            "http://app.localhost",
            "http://127.0.0.1:3000",
            "http://[::1]",
        ] {
            assert_eq!(Origin::parse(origin).map(|parsed| parsed.to_string()).as_deref(), Ok(origin));
        }
    }

    #[test]
    fn other_schemes_and_plain_http_elsewhere_are_not() {
        for origin in [
            "http://example.org",
            "http://localhost.example.org",
            "http://notlocalhost",
            "http://192.168.0.1",
            "ftp://example.org",
            "wss://example.org",
            "chrome-extension://abcdefghijklmnop",
        ] {
            assert_eq!(Origin::parse(origin), Err(OriginError::NotTrustworthy), "{origin}");
        }
    }

    #[test]
    fn anything_but_a_serialized_origin_is_refused() {
        for origin in [
            "https://example.org/",
            "https://example.org/path",
            "https://example.org?query",
            "https://example.org#fragment",
            "https://user@example.org",
            "https://user:secret@example.org",
            "https://example.org:443",
            "https://EXAMPLE.org",
            "https://bücher.example",
            "https://example.org.",
            "https://example..org",
            "https://0x7f.1",
            " https://example.org",
            "https://example.org\n",
            "https:\\\\example.org",
        ] {
            assert_eq!(Origin::parse(origin), Err(OriginError::NotSerialized), "{origin}");
        }
        for origin in [
            r#"https://a"b.example"#,
            "https://a{b.example",
            "https://a}b.example",
            "https://a,b.example",
            "https://a;b.example",
            "https://a'b.example",
            "https://a`b.example",
            "https://a!b.example",
            "https://a$b.example",
            "https://a&b.example",
            "https://a(b).example",
            "https://a*b.example",
            "https://a+b.example",
            "https://a=b.example",
            "https://a~b.example",
        ] {
            assert_eq!(Origin::parse(origin), Err(OriginError::NotSerialized), "{origin}");
        }
        for origin in ["", "null", "example.org", "https://", "https://exa mple.org", "file:///etc", "data:,x"] {
            assert_eq!(Origin::parse(origin), Err(OriginError::Malformed), "{origin}");
        }
    }
}
