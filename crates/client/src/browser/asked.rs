use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::MAX_MESSAGE;
use crate::webauthn::{Frame, Origin, OriginError, Page, RpIdCheck};

/// From the extension.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Asked {
    /// Who speaks, and which protocol.
    Hello(Hello),
    /// How things stand.
    Status {
        /// The request.
        id: u64,
    },
    /// A page wants a passkey made.
    Create(Ceremony),
    /// A page wants a signature.
    Get(Ceremony),
    /// Who could sign in with a passkey; nobody is asked.
    Candidates(Ceremony),
    /// What the person decided.
    Answer(Answer),
    /// A request is taken back, or what was made for it never reached the page.
    Cancel {
        /// The request.
        id: u64,
    },
    /// A relying party tells what it knows of a passkey.
    Signal(Signal),
    /// Lock the vault.
    Lock {
        /// The request.
        id: u64,
    },
    /// Unlock it.
    Unlock {
        /// The request.
        id: u64,
        /// As it was typed.
        passphrase: Zeroizing<String>,
    },
}

/// What was said is none of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no message of this protocol")]
pub struct NotAMessage;

impl Asked {
    /// Reads a message: UTF-8 JSON of at most [`MAX_MESSAGE`] bytes, with no member that is not of it.
    ///
    /// # Errors
    /// [`NotAMessage`].
    pub fn parse(message: &[u8]) -> Result<Self, NotAMessage> {
        if message.len() > MAX_MESSAGE {
            return Err(NotAMessage);
        }
        serde_json::from_slice(message).map_err(|_| NotAMessage)
    }
}

/// Who speaks; told for people who look at messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`PROTOCOL`](super::PROTOCOL), if it is understood.
    pub protocol: u32,
    /// The extension's version.
    pub extension: String,
    /// What the browser calls itself.
    pub browser: Option<String>,
}

/// A page's request, with what the browser says of the page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ceremony {
    /// The request.
    pub id: u64,
    /// The page's origin.
    pub origin: String,
    /// Whether it is in a frame of a page of another origin.
    #[serde(default)]
    pub cross_origin: bool,
    /// That page's, if the browser tells.
    pub top_origin: Option<String>,
    /// Whether the browser has held the RP id against the origin.
    #[serde(default)]
    pub rp_id_checked: bool,
    /// PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON.
    pub options: Value,
}

impl Ceremony {
    /// The page, as the browser says.
    ///
    /// # Errors
    /// [`BadPage`].
    pub fn page(&self) -> Result<Page, BadPage> {
        let frame = match (self.cross_origin, &self.top_origin) {
            (false, None) => Frame::SameOrigin,
            (false, Some(_)) => return Err(BadPage::Top),
            (true, top) => Frame::CrossOrigin { top: top.as_deref().map(Origin::parse).transpose()? },
        };
        page(&self.origin, frame, self.rp_id_checked)
    }
}

fn page(origin: &str, frame: Frame, rp_id_checked: bool) -> Result<Page, BadPage> {
    let rp_id = if rp_id_checked { RpIdCheck::ByBrowser } else { RpIdCheck::Here };
    Ok(Page::in_browser(Origin::parse(origin)?, frame, rp_id))
}

/// Why what the browser says of a page cannot be so.
#[derive(Debug, thiserror::Error)]
pub enum BadPage {
    /// No origin.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A page that is in no frame of another origin has no other on top.
    #[error("a page of one origin has no other on top")]
    Top,
}

/// What the person decided.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// The request.
    pub id: u64,
    /// The prompt that it answers.
    pub prompt: u64,
    /// Which way.
    pub decision: Decision,
    /// The position of the account that was chosen.
    #[serde(default)]
    pub account: usize,
    /// Whether a new passkey is to stay on this device.
    #[serde(default)]
    pub bind: bool,
    /// The device's PIN, as it was typed.
    pub pin: Option<Zeroizing<String>>,
    /// The vault's passphrase, as it was typed.
    pub passphrase: Option<Zeroizing<String>>,
}

/// Whether the person agreed.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// They did.
    Approve,
    /// They did not.
    Deny,
}

/// A signal of a page's relying party (WebAuthn §5.1.10).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signal {
    /// The request.
    pub id: u64,
    /// The page's origin.
    pub origin: String,
    /// Whether the browser has held the RP id against the origin.
    #[serde(default)]
    pub rp_id_checked: bool,
    /// `unknownCredential`, `allAcceptedCredentials` or `currentUserDetails`.
    pub signal: String,
    /// The signal's options.
    pub options: Value,
}

impl Signal {
    /// The page, as the browser says: signals come from pages on top.
    ///
    /// # Errors
    /// [`BadPage`].
    pub fn page(&self) -> Result<Page, BadPage> {
        page(&self.origin, Frame::SameOrigin, self.rp_id_checked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Result<Asked, NotAMessage> {
        Asked::parse(json.as_bytes())
    }

    #[test]
    fn what_the_extension_says_is_read() {
        let create = r#"{"type":"create","id":7,"origin":"https://example.org","crossOrigin":true,"rpIdChecked":true,
            "options":{"challenge":"AAAA","nested":[1,{"a":null}]}}"#;
        let Ok(Asked::Create(ceremony)) = asked(create) else { panic!("no creation") };
        assert_eq!((ceremony.id, ceremony.cross_origin, ceremony.rp_id_checked), (7, true, true));
        assert_eq!(ceremony.options.to_string(), r#"{"challenge":"AAAA","nested":[1,{"a":null}]}"#);
        let answer = r#"{"type":"answer","id":7,"prompt":1,"decision":"approve","account":2,"pin":"1234"}"#;
        let Ok(Asked::Answer(answer)) = asked(answer) else { panic!("no answer") };
        assert!(answer.decision == Decision::Approve && answer.account == 2 && answer.passphrase.is_none());
        assert!(asked(r#"{"type":"hello","protocol":1,"extension":"0.1.0"}"#).is_ok());
        for strange in [
            r#"{"type":"approve","id":1}"#,
            r#"{"type":"cancel","id":-1}"#,
            r#"{"type":"cancel","id":1,"more":true}"#,
            r#"{"type":"answer","id":7,"prompt":1,"decision":"maybe"}"#,
            "[]",
        ] {
            assert!(asked(strange).is_err(), "{strange}");
        }
    }
}
