use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use keyfold_crypto::{enrolment::QrSecret, random};
use keyfold_wire::EnrolmentId;
use url::form_urlencoded;

use crate::transport::ServerUrl;

/// What a new device shows as a QR code: where it enrols, and a secret that the server never sees.
///
/// `keyfold:enrol?v=1&s=SERVER&f=FINGERPRINT&e=ENROLMENT&k=SECRET`, the fields in this order and each once; `f` is empty
/// where the platform's authorities are trusted.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    /// The server's public URL.
    pub server: ServerUrl,
    /// SHA-256 of the pinned CA certificate in DER.
    pub ca_fingerprint: Option<[u8; 32]>,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// 128 bits.
    pub secret: QrSecret,
}

/// Text is not an enrolment's QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the QR code of a Keyfold enrolment; show it again on the new device")]
pub struct NotAQrCode;

impl QrCode {
    /// A code with a secret of its own.
    #[must_use]
    pub fn new(server: ServerUrl, ca_fingerprint: Option<[u8; 32]>, enrolment: EnrolmentId) -> Self {
        Self { server, ca_fingerprint, enrolment, secret: QrSecret::generate(&mut random::system()) }
    }

    /// The text that a QR code carries. It holds the secret: it is shown to whoever may enrol, and to nobody else.
    #[must_use]
    pub fn to_uri(&self) -> String {
        let fingerprint = self.ca_fingerprint.map(|hash| BASE64URL_NOPAD.encode(&hash)).unwrap_or_default();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("v", "1")
            .append_pair("s", self.server.as_str())
            .append_pair("f", &fingerprint)
            .append_pair("e", &self.enrolment.to_string())
            .append_pair("k", &BASE64URL_NOPAD.encode(self.secret.expose()))
            .finish();
        format!("{PREFIX}{query}")
    }

    fn read(text: &str) -> Option<Self> {
        let query = text.strip_prefix(PREFIX)?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let mut value = |name: &str| pairs.next().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        (value("v")? == "1").then_some(())?;
        let server = value("s")?.parse().ok()?;
        let ca_fingerprint = match value("f")?.as_str() {
            "" => None,
            text => Some(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?),
        };
        let enrolment = value("e")?.parse().ok()?;
        let secret = BASE64URL_NOPAD.decode(value("k")?.as_bytes()).ok()?;
        let secret = QrSecret::try_from(secret.as_slice()).ok()?;
        Some(Self { server, ca_fingerprint, enrolment, secret })
    }
}

impl FromStr for QrCode {
    type Err = NotAQrCode;

    fn from_str(text: &str) -> Result<Self, NotAQrCode> {
        let text = text.trim();
        if text.len() > MAX_LEN {
            return Err(NotAQrCode);
        }
        let code = Self::read(text).ok_or(NotAQrCode)?;
        // One form only: nothing more, nothing twice, nothing written in another way.
        if code.to_uri() == text { Ok(code) } else { Err(NotAQrCode) }
    }
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrCode({})", self.enrolment)
    }
}

const PREFIX: &str = "keyfold:enrol?";
const MAX_LEN: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> QrCode {
        let server = "https://localhost:8443".parse().unwrap();
        QrCode::new(server, Some([7; 32]), EnrolmentId::new([9; 16]))
    }

    #[test]
    fn a_code_reads_back_from_its_text() {
        assert_eq!(code().to_uri().parse::<QrCode>().map(|read| read.enrolment), Ok(EnrolmentId::new([9; 16])));
        let platform = QrCode { ca_fingerprint: None, ..code() };
        assert_eq!(platform.to_uri().parse(), Ok(platform));
    }

    #[test]
    fn any_other_text_is_refused() {
        let uri = code().to_uri();
        let long = format!("{uri}&x={}", "y".repeat(2_000));
        for text in
            ["", "keyfold:enrol?", "https://example.org", &format!("{uri}&x=1"), &uri.replace("v=1", "v=2"), &long]
        {
            assert_eq!(text.parse::<QrCode>(), Err(NotAQrCode), "{text}");
        }
        let swapped = uri.replace("https%3A%2F%2Flocalhost%3A8443", "http%3A%2F%2Flocalhost%3A8443");
        assert_eq!(swapped.parse::<QrCode>(), Err(NotAQrCode), "no TLS");
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(format!("{:?}", code()), format!("QrCode({})", EnrolmentId::new([9; 16])));
    }
}
