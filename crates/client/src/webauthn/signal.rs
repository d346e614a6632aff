use keyfold_authenticator::RpId;
use serde::{Deserialize, de::DeserializeOwned};
use thiserror::Error;

use super::base64url::Base64Url;
use super::members::MAX_JSON;
use super::{Page, RpIdError};

/// What a relying party says of its passkeys (WebAuthn §5.1.10): hints that cost nothing to take.
#[derive(Debug, PartialEq, Eq)]
pub enum Signal {
    /// `signalUnknownCredential`: there is none with this id.
    UnknownCredential {
        /// Raw.
        credential: Vec<u8>,
    },
    /// `signalAllAcceptedCredentials`: of this account these are all.
    AllAccepted {
        /// The account's user handle.
        user: Vec<u8>,
        /// Raw ids.
        credentials: Vec<Vec<u8>>,
    },
    /// `signalCurrentUserDetails`: so this account is called now.
    CurrentUserDetails {
        /// The account's user handle.
        user: Vec<u8>,
        /// `user.name`.
        name: String,
        /// `user.displayName`.
        display_name: String,
    },
}

/// Why a signal was not taken.
#[derive(Debug, Error)]
pub enum SignalError {
    /// There is no such signal.
    #[error("there is no signal of this name")]
    Unknown,
    /// The options are over 65,536 bytes.
    #[error("the options are over 65,536 bytes long")]
    TooLarge,
    /// They are no JSON, or a member is missing or of the wrong type.
    #[error("the options are malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The origin may not speak for this RP id.
    #[error(transparent)]
    RpId(#[from] RpIdError),
}

impl Signal {
    /// Reads the options of the signal with this name (without `signal`, in camel case), for a page.
    ///
    /// # Errors
    /// [`SignalError`].
    pub fn parse(page: &Page, name: &str, options: &str) -> Result<(RpId, Self), SignalError> {
        if options.len() > MAX_JSON {
            return Err(SignalError::TooLarge);
        }
        let (rp_id, signal) = match name {
            "unknownCredential" => {
                let json: UnknownJson = read(options)?;
                (json.rp_id, Signal::UnknownCredential { credential: json.credential_id.0 })
            }
            "allAcceptedCredentials" => {
                let json: AllAcceptedJson = read(options)?;
                let credentials = json.all_accepted_credential_ids.into_iter().map(|id| id.0).collect();
                (json.rp_id, Signal::AllAccepted { user: json.user_id.0, credentials })
            }
            "currentUserDetails" => {
                let json: DetailsJson = read(options)?;
                let (name, display_name) = (json.name, json.display_name);
                (json.rp_id, Signal::CurrentUserDetails { user: json.user_id.0, name, display_name })
            }
            _ => return Err(SignalError::Unknown),
        };
        Ok((page.resolve(Some(&rp_id))?, signal))
    }
}

fn read<T: DeserializeOwned>(options: &str) -> Result<T, SignalError> {
    Ok(serde_json::from_str(options)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnknownJson {
    rp_id: String,
    credential_id: Base64Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllAcceptedJson {
    rp_id: String,
    user_id: Base64Url,
    all_accepted_credential_ids: Vec<Base64Url>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DetailsJson {
    rp_id: String,
    user_id: Base64Url,
    name: String,
    display_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webauthn::Origin;

    fn parse(name: &str, options: &str) -> Result<(RpId, Signal), SignalError> {
        Signal::parse(&Page::top(Origin::parse("https://login.example.org").unwrap()), name, options)
    }

    #[test]
    fn signals_are_read_for_the_relying_parties_of_their_page() {
        let (rp_id, signal) = parse("unknownCredential", r#"{"rpId":"example.org","credentialId":"AQID"}"#).unwrap();
        assert_eq!((rp_id.as_str(), signal), ("example.org", Signal::UnknownCredential { credential: vec![1, 2, 3] }));
        let all = r#"{"rpId":"example.org","userId":"AQ","allAcceptedCredentialIds":["Ag","Aw"]}"#;
        let (_, signal) = parse("allAcceptedCredentials", all).unwrap();
        assert_eq!(signal, Signal::AllAccepted { user: vec![1], credentials: vec![vec![2], vec![3]] });
        let elsewhere = parse("unknownCredential", r#"{"rpId":"example.com","credentialId":"AQID"}"#);
        assert!(matches!(elsewhere, Err(SignalError::RpId(RpIdError::NotASuffix))));
        assert!(matches!(parse("somethingElse", "{}"), Err(SignalError::Unknown)));
        for malformed in ["", "[]", "{}", r#"{"rpId":"example.org","credentialId":"AQI="}"#] {
            assert!(matches!(parse("unknownCredential", malformed), Err(SignalError::Malformed(_))), "{malformed}");
        }
    }
}
