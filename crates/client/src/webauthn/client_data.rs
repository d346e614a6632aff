use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};

use super::{Frame, Page};

/// The serialized client data (WebAuthn §5.8.1.1), byte for byte as the standard writes it.
pub(super) struct ClientData {
    json: Vec<u8>,
}

/// The `type` member.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Create,
    Get,
}

impl ClientData {
    /// For a page; one inside a page of another origin says so.
    pub(super) fn new(kind: Kind, challenge: &[u8], page: &Page) -> Self {
        let kind = match kind {
            Kind::Create => "webauthn.create",
            Kind::Get => "webauthn.get",
        };
        let challenge = ccd_string(&BASE64URL_NOPAD.encode(challenge));
        let (kind, origin) = (ccd_string(kind), ccd_string(page.origin().as_str()));
        let (cross_origin, top) = match page.frame() {
            Frame::SameOrigin => (false, None),
            Frame::CrossOrigin { top } => (true, top.as_ref()),
        };
        let top = top.map(|top| format!(r#","topOrigin":{}"#, ccd_string(top.as_str()))).unwrap_or_default();
        let json =
            format!(r#"{{"type":{kind},"challenge":{challenge},"origin":{origin},"crossOrigin":{cross_origin}{top}}}"#);
        ClientData { json: json.into_bytes() }
    }

    /// What the authenticator signs.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.json).as_ref());
        hash
    }

    pub(super) fn into_json(self) -> Vec<u8> {
        self.json
    }
}

/// CCDToString (WebAuthn §5.8.1.2). Relying parties may compare the bytes, so no other escape will do.
fn ccd_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str(r#"\""#),
            '\\' => quoted.push_str(r"\\"),
            '\0'..='\u{1f}' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::webauthn::{Origin, RpIdCheck};

    /// WebAuthn L3, "Test Vectors": those without members that the standard does not define.
    #[test]
    fn published_client_data_is_reproduced_byte_for_byte() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/data/webauthn-l3.json")).unwrap();
        let origin = Origin::parse("https://example.org").unwrap();
        let (page, inside) = (
            Page::top(origin.clone()),
            Page::in_browser(
                origin,
                Frame::CrossOrigin { top: Some(Origin::parse("https://example.com").unwrap()) },
                RpIdCheck::Here,
            ),
        );
        let mut compared = 0;
        for vector in file["vectors"].as_array().unwrap() {
            for (ceremony, kind) in [("registration", Kind::Create), ("authentication", Kind::Get)] {
                let hex = |name: &str| HEXLOWER.decode(vector[ceremony][name].as_str().unwrap().as_bytes()).unwrap();
                let published = String::from_utf8(hex("client_data_json")).unwrap();
                if published.contains("extraData") {
                    continue;
                }
                let page = if published.contains("\"crossOrigin\":true") { &inside } else { &page };
                let ours = ClientData::new(kind, &hex("challenge"), page).into_json();
                assert_eq!(String::from_utf8(ours).unwrap(), published);
                compared += 1;
            }
        }
        assert!(compared >= 4, "{compared}");
    }

    /// WebAuthn §5.8.1.2, CCDToString: what a JSON library would write as `\n` or leave as it is has one form here.
    #[test]
    fn text_is_escaped_as_the_standard_says() {
        for (text, quoted) in [
            ("https://example.org", r#""https://example.org""#),
            (r#"a"b\c/d"#, r#""a\"b\\c/d""#),
            ("\0\u{8}\t\n\u{1f} !", r#""\u0000\u0008\u0009\u000a\u001f !""#),
            ("\u{7f}é\u{2028}😀", "\"\u{7f}é\u{2028}😀\""),
        ] {
            assert_eq!(ccd_string(text), quoted);
            assert_eq!(serde_json::from_str::<String>(quoted).unwrap(), text);
        }
    }
}
