use std::net::{IpAddr, Ipv6Addr};

/// `https://HOST[:PORT]` in the one form that devices sign: a name in lower case or an address, no path, no default port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicUrl<'a> {
    /// A name, or an address without brackets.
    pub(crate) host: &'a str,
}

impl<'a> PublicUrl<'a> {
    /// `None` for any other form.
    pub(crate) fn parse(url: &'a str) -> Option<Self> {
        let authority = url.strip_prefix("https://")?;
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port),
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let host_stands = if authority.starts_with('[') { is_ipv6(host) } else { is_name(host) };
        (host_stands && is_port(port)).then_some(Self { host })
    }

    /// Whether only this machine can mean itself by it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// As it is printed, so that one address has one text.
fn is_ipv6(host: &str) -> bool {
    host.parse().is_ok_and(|address: Ipv6Addr| address.to_string() == host)
}

/// A DNS name or an IPv4 address.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// Nothing, or a colon and a port other than the one that https means anyway.
fn is_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return text.is_empty() };
    digits.parse().is_ok_and(|port: u16| port != 0 && port != 443 && port.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_one_form() {
        for (url, host) in [
            ("https://keys.example", "keys.example"),
            ("https://localhost:8443", "localhost"),
            ("https://192.0.2.1:8443", "192.0.2.1"),
            ("https://[::1]:8443", "::1"),
            ("https://[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(PublicUrl::parse(url), Some(PublicUrl { host }), "{url}");
        }
        for url in [
            "http://keys.example",
            "https://Keys.example",
            "https://keys.example/",
            "https://keys.example/keyfold",
            "https://keys.example?a",
            "https://keys.example:443",
            "https://keys.example:",
            "https://keys.example:0",
            "https://keys.example:08443",
            "https://keys.example:84433",
            "https://keys..example",
            "https://-keys.example",
            "https://ana@keys.example",
            "https://:8443",
            "https://[]:8443",
            "https://[0:0::1]",
            "https://[::1",
            "https://::1",
            "https://",
        ] {
            assert_eq!(PublicUrl::parse(url), None, "{url}");
        }
    }

    #[test]
    fn a_loopback_url_is_known() {
        for url in ["https://localhost", "https://127.0.0.1:8443", "https://[::1]:8443"] {
            assert!(PublicUrl::parse(url).unwrap().is_loopback(), "{url}");
        }
        for url in ["https://keys.example", "https://localhost.example", "https://192.0.2.1"] {
            assert!(!PublicUrl::parse(url).unwrap().is_loopback(), "{url}");
        }
    }
}
