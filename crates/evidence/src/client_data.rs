use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What a relying party asked for, which the response must be to.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The RP id.
    pub rp_id: &'a str,
    /// The origins from which it may be answered, such as `https://shop.example`.
    pub origins: &'a [&'a str],
    /// The challenge, as it was drawn for this ceremony alone.
    pub challenge: &'a [u8],
    /// Whether it must have been shown who was there.
    pub user_verification: UserVerification,
    /// Whether a page of another site may hold the page that asks.
    pub frames: Frames<'a>,
}

/// Whether a response without user verification will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserVerification {
    /// It will not.
    Required,
    /// It will.
    Optional,
}

/// Whether a response may come from a frame in a page of another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames<'a> {
    /// It may not.
    Refused,
    /// It may, where the page that holds it is of one of these origins, or the browser does not say of which.
    In(&'a [&'a str]),
}

/// Why a response is none to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// The client data is none (WebAuthn L3 §5.8.1).
    #[error("the client data cannot be read")]
    ClientData,
    /// It is of another kind of ceremony.
    #[error("it is of another ceremony")]
    Ceremony,
    /// It is to another challenge.
    #[error("it is to another challenge")]
    Challenge,
    /// It came from another origin.
    #[error("it came from another origin")]
    Origin,
    /// It came from a frame in a page of another origin.
    #[error("it came from a frame in another site's page")]
    Frame,
    /// It is for another RP id.
    #[error("it is for another RP id")]
    RpId,
    /// Nobody was there.
    #[error("nobody was there")]
    UserPresence,
    /// It was not shown who was there.
    #[error("it was not shown who was there")]
    UserVerification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl Asked<'_> {
    /// Holds the client's side of a response against what was asked; the hash that is signed.
    pub(crate) fn client_data(&self, json: &[u8], kind: &str) -> Result<[u8; 32], NotAsked> {
        if json.len() > LONGEST {
            return Err(NotAsked::ClientData);
        }
        let data: ClientData = serde_json::from_slice(json).map_err(|_| NotAsked::ClientData)?;
        if data.kind != kind {
            return Err(NotAsked::Ceremony);
        }
        if data.challenge != BASE64URL_NOPAD.encode(self.challenge) {
            return Err(NotAsked::Challenge);
        }
        if !self.origins.contains(&data.origin.as_str()) {
            return Err(NotAsked::Origin);
        }
        let is_framed = data.cross_origin || data.top_origin.is_some();
        let may_be = match self.frames {
            Frames::Refused => !is_framed,
            Frames::In(origins) => data.top_origin.is_none_or(|top| origins.contains(&top.as_str())),
        };
        if !may_be {
            return Err(NotAsked::Frame);
        }
        Ok(Sha256::digest(json).into())
    }

    /// And the authenticator's side.
    pub(crate) fn authenticator_data(&self, data: &crate::AuthenticatorData) -> Result<(), NotAsked> {
        if data.rp_id_hash != <[u8; 32]>::from(Sha256::digest(self.rp_id)) {
            return Err(NotAsked::RpId);
        }
        if !data.flags.user_present() {
            return Err(NotAsked::UserPresence);
        }
        if !data.flags.user_verified() && self.user_verification == UserVerification::Required {
            return Err(NotAsked::UserVerification);
        }
        Ok(())
    }
}

/// Of client data.
const LONGEST: usize = 64 * 1_024;
