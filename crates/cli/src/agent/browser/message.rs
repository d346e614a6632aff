use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use zeroize::Zeroizing;

/// From the extension.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum Asked {
    #[allow(dead_code, reason = "as above")]
    Hello(Hello),
    Status {
        id: u64,
    },
    Create(Ceremony),
    Get(Ceremony),
    Candidates(Ceremony),
    Answer(Answer),
    Cancel {
        id: u64,
    },
    Signal(Signal),
    Lock {
        id: u64,
    },
    Unlock {
        id: u64,
        passphrase: Zeroizing<String>,
    },
}

/// Who speaks; told for people who look at messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are read for their types: other members are refused")]
pub(super) struct Hello {
    protocol: u32,
    extension: String,
    browser: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ceremony {
    pub(super) id: u64,
    pub(super) origin: String,
    #[serde(default)]
    pub(super) cross_origin: bool,
    pub(super) top_origin: Option<String>,
    #[serde(default)]
    pub(super) rp_id_checked: bool,
    pub(super) options: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) id: u64,
    pub(super) prompt: u64,
    pub(super) decision: Decision,
    #[serde(default)]
    pub(super) account: usize,
    pub(super) pin: Option<Zeroizing<String>>,
    pub(super) passphrase: Option<Zeroizing<String>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Decision {
    Approve,
    Deny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Signal {
    pub(super) id: u64,
    pub(super) origin: String,
    #[serde(default)]
    pub(super) rp_id_checked: bool,
    pub(super) signal: String,
    pub(super) options: Value,
}

/// To the extension.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Told {
    Hello {
        protocol: u32,
        agent: &'static str,
    },
    Prompt(Box<Prompt>),
    Result {
        id: u64,
        response: Box<RawValue>,
    },
    Error {
        id: u64,
        /// Of the DOMException for the page.
        name: &'static str,
        code: Code,
        message: String,
    },
    Status(Box<Status>),
    Candidates {
        id: u64,
        accounts: Vec<Account>,
    },
    Done {
        id: u64,
    },
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prompt {
    pub(super) id: u64,
    pub(super) prompt: u64,
    pub(super) action: &'static str,
    pub(super) rp: Party,
    pub(super) accounts: Vec<Account>,
    pub(super) kind: &'static str,
    pub(super) device: String,
    pub(super) verify: Verify,
    pub(super) seconds_left: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Verify {
    None,
    Pin,
    Passphrase,
}

#[derive(Serialize, Clone)]
pub(super) struct Party {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) id: u64,
    pub(super) locked: bool,
    pub(super) profile: String,
    pub(super) device: String,
    pub(super) account: String,
    /// Unknown while it is locked.
    pub(super) passkeys: Option<usize>,
    pub(super) safety_number: String,
    pub(super) recent: Vec<Recent>,
    pub(super) test_mode: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recent {
    pub(super) rp_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// RFC 3339.
    pub(super) at: String,
}

/// Why a request came to nothing.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Code {
    Cancelled,
    Denied,
    TimedOut,
    NoPasskey,
    Excluded,
    Locked,
    BadRequest,
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Result<Asked, serde_json::Error> {
        serde_json::from_str(json)
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

    #[test]
    fn what_is_told_has_the_names_that_the_extension_reads() {
        let told = Told::Error { id: 1, name: "NotAllowedError", code: Code::NoPasskey, message: "m".to_owned() };
        let json = serde_json::to_string(&told).unwrap();
        assert_eq!(json, r#"{"type":"error","id":1,"name":"NotAllowedError","code":"no-passkey","message":"m"}"#);
        let response = RawValue::from_string(r#"{"id":"AA"}"#.to_owned()).unwrap();
        let json = serde_json::to_string(&Told::Result { id: 2, response }).unwrap();
        assert_eq!(json, r#"{"type":"result","id":2,"response":{"id":"AA"}}"#);
    }
}
