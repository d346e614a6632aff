use keyfold_authenticator::User;
use serde::Serialize;
use serde_json::value::RawValue;

/// To the extension.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Told {
    /// Who answers, and in which protocol.
    Hello {
        /// [`PROTOCOL`](super::PROTOCOL).
        protocol: u32,
        /// The agent's version.
        agent: &'static str,
    },
    /// The person is to decide.
    Prompt(Box<Prompt>),
    /// For the page.
    Result {
        /// The request.
        id: u64,
        /// RegistrationResponseJSON or AuthenticationResponseJSON.
        response: Box<RawValue>,
    },
    /// It came to nothing.
    Error {
        /// The request.
        id: u64,
        /// Of the DOMException for the page.
        name: &'static str,
        /// Why.
        code: Code,
        /// For the person.
        message: String,
    },
    /// How things stand.
    Status(Box<Status>),
    /// Who could sign in.
    Candidates {
        /// The request.
        id: u64,
        /// The passkeys' accounts.
        accounts: Vec<Account>,
    },
    /// It is done.
    Done {
        /// The request.
        id: u64,
    },
}

/// What the person is to decide.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    /// The request.
    pub id: u64,
    /// Counts a request's prompts.
    pub prompt: u64,
    /// `register`, `replace`, `report-excluded`, `sign-in`, `report-no-passkey` or `unlock`.
    pub action: &'static str,
    /// Who asks; the id is empty for `unlock`.
    pub rp: Party,
    /// The accounts that it is about, or of which one is to be chosen.
    pub accounts: Vec<Account>,
    /// This device's name.
    pub device: String,
    /// How the person is to show who they are.
    pub verify: Verify,
    /// How long it waits.
    pub seconds_left: u64,
    /// Why the last answer was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// How the person is to show who they are.
#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Verify {
    /// Not at all.
    None,
    /// By the device's PIN, or the passphrase.
    Pin,
    /// By the vault's passphrase.
    Passphrase,
    /// By the system's own prompt, or the passphrase.
    System,
}

/// A relying party.
#[derive(Serialize, Clone)]
pub struct Party {
    /// Its RP id.
    pub id: String,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An account at a relying party.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// `user.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `user.displayName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl From<&User> for Account {
    fn from(user: &User) -> Self {
        Self {
            name: user.name.as_ref().map(ToString::to_string),
            display_name: user.display_name.as_ref().map(ToString::to_string),
        }
    }
}

/// How things stand.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The request.
    pub id: u64,
    /// Whether the vault is.
    pub locked: bool,
    /// The profile's device id.
    pub profile: String,
    /// This device's name.
    pub device: String,
    /// The account's id.
    pub account: String,
    /// How many sign in. Unknown while it is locked.
    pub passkeys: Option<usize>,
    /// The account's safety number.
    pub safety_number: String,
    /// The latest sign-ins, the last first.
    pub recent: Vec<Recent>,
    /// Whether the agent asks nobody.
    pub test_mode: bool,
}

/// A sign-in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recent {
    /// Where.
    pub rp_id: String,
    /// `user.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// RFC 3339.
    pub at: String,
}

/// Why a request came to nothing.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// It was taken back.
    Cancelled,
    /// The person refused.
    Denied,
    /// Nobody answered in time.
    TimedOut,
    /// There is no passkey that fits.
    NoPasskey,
    /// There is one already.
    Excluded,
    /// The vault is locked.
    Locked,
    /// The page's request is not a good one.
    BadRequest,
    /// Something else.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

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
