use std::{fmt, str::FromStr};

use url::Url;

/// Where a server is: `https://`, a host in lower case, a port unless it is 443, and nothing after.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl(String);

/// Text is not a server's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a server's URL looks like https://keyfold.example.org or https://localhost:8443")]
pub struct NotAServerUrl;

impl ServerUrl {
    /// The text in its one form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerUrl {
    type Err = NotAServerUrl;

    fn from_str(text: &str) -> Result<Self, NotAServerUrl> {
        let url = Url::parse(text).map_err(|_| NotAServerUrl)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.host_str().is_some();
        if url.scheme() != "https" || !plain || url.as_str().len() > MAX_LEN {
            return Err(NotAServerUrl);
        }
        let text = url.as_str();
        Ok(Self(text.strip_suffix('/').unwrap_or(text).to_owned()))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const MAX_LEN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_in_one_form() {
        for (text, kept) in [
            ("https://localhost:8443/", "https://localhost:8443"),
            ("https://Keys.Example.org:443", "https://keys.example.org"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(text.parse::<ServerUrl>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "localhost:8443",
            "http://localhost",
            "https://a@b",
            "https://b?c",
            "https://b#c",
            "https://b/c",
            "https://b//",
            "file:///x",
        ] {
            assert_eq!(text.parse::<ServerUrl>(), Err(NotAServerUrl), "{text}");
        }
    }
}
