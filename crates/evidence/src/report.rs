//! What a tenant reports of a passkey to its relying party: an Entity Attestation Token (RFC 9711) as a JWT.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    Class, Day, Protection, Scope, StatusReference, UnixMillis,
    jose::{Keys, TokenError, verified},
};

/// A report, whose signature, issuer, audience, nonce and time are as they must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whose word it is: the tenant's URL.
    pub iss: String,
    /// For whom: the relying party's client id.
    pub aud: String,
    /// When it was made, Unix seconds.
    pub iat: u64,
    /// When it counts no more, Unix seconds.
    pub exp: u64,
    /// What the relying party drew for this report alone.
    pub eat_nonce: String,
    /// [`PROFILE`].
    pub eat_profile: String,
    /// Where it says whether the report still holds.
    pub status: ReportStatus,
    /// What is reported.
    pub keyfold: Passkey,
}

/// The member `status` of a token (draft-ietf-oauth-status-list §6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportStatus {
    /// The place in its list.
    pub status_list: StatusReference,
}

/// What is reported of a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its RP id.
    pub rp_id: String,
    /// Its credential id, base64url.
    pub credential_id: String,
    /// Its class, as its device has stated.
    pub class: Class,
    /// The BE flag that it has.
    pub backup_eligible: bool,
    /// Its model, as in authenticator data.
    pub aaguid: String,
    /// To which devices it goes.
    pub scope: Scope,
    /// The day on which it was made.
    pub created: Day,
    /// Who stands by all of that.
    pub stated_by: StatedBy,
    /// Whether there are statements of it that say something else.
    pub conflict: bool,
    /// What protects it on the least protected device that holds it; unknown where one has not told.
    pub protection: Option<Protection>,
    /// How many devices hold it.
    pub holders: Bucket,
    /// How many of them keep their tenant's rules.
    pub compliant_holders: Bucket,
    /// How many recovery codes open its vault.
    pub recovery_members: Bucket,
    /// How often its vault was exported, as its devices have recorded.
    pub exports: Bucket,
    /// The most that it may count for (NIST SP 800-63B-4).
    pub assurance: Assurance,
    /// The statements themselves, base64url: whoever verifies them need not take the tenant's word for the passkey's class.
    pub statements: Vec<String>,
}

/// Who stands by what is stated of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatedBy {
    /// The passkey's own key, and the evidence key of a device with a leaf.
    CredentialAndDevice,
    /// The passkey's own key.
    Credential,
    /// A device with a leaf, whose word it is that the passkey is there.
    Device,
}

/// About how many: a number of its own would tell whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bucket {
    /// None.
    #[serde(rename = "0")]
    None,
    /// One.
    #[serde(rename = "1")]
    One,
    /// Two or three.
    #[serde(rename = "2-3")]
    Few,
    /// Four to seven.
    #[serde(rename = "4-7")]
    Several,
    /// Eight or more.
    #[serde(rename = "8+")]
    Many,
}

/// An authentication assurance level: what an authenticator of a kind may be used for at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Assurance {
    /// Some assurance.
    #[serde(rename = "AAL1")]
    Aal1,
    /// High: multi-factor. What is synced gets no further (appendix B).
    #[serde(rename = "AAL2")]
    Aal2,
    /// Very high: a key that cannot be exported, in hardware.
    #[serde(rename = "AAL3")]
    Aal3,
}

/// What a report must be to.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The tenant.
    pub issuer: &'a str,
    /// The relying party's own client id.
    pub audience: &'a str,
    /// The nonce that was drawn for it.
    pub nonce: &'a str,
    /// The RP id of the passkey that was asked about.
    pub rp_id: &'a str,
    /// Its credential id.
    pub credential_id: &'a [u8],
}

impl Report {
    /// Verifies a report.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(token: &str, keys: &Keys, expected: &Expected<'_>, now: UnixMillis) -> Result<Self, TokenError> {
        let report: Self = verified(token, TYP, keys, LONGEST)?;
        let claims = [
            ("eat_profile", report.eat_profile == PROFILE),
            ("iss", report.iss == expected.issuer),
            ("aud", report.aud == expected.audience),
            ("eat_nonce", report.eat_nonce == expected.nonce && is_nonce(&report.eat_nonce)),
            ("keyfold", report.keyfold.is_of(expected) && report.keyfold.agrees()),
        ];
        if let Some((name, _)) = claims.into_iter().find(|(_, holds)| !holds) {
            return Err(TokenError::Claim(name));
        }
        if report.iat > now.seconds() + SKEW || report.exp <= now.seconds() {
            return Err(TokenError::NotNow);
        }
        Ok(report)
    }
}

impl Passkey {
    fn is_of(&self, expected: &Expected<'_>) -> bool {
        self.rp_id == expected.rp_id && self.credential_id == BASE64URL_NOPAD.encode(expected.credential_id)
    }

    /// Whether it says one thing of the passkey's class.
    fn agrees(&self) -> bool {
        self.backup_eligible == self.class.is_backup_eligible()
            && self.aaguid == self.class.aaguid().to_string()
            && self.assurance <= Assurance::at_most(self.class, self.protection)
    }
}

impl Bucket {
    /// Of a count.
    #[must_use]
    pub const fn of(count: usize) -> Self {
        match count {
            0 => Self::None,
            1 => Self::One,
            2..=3 => Self::Few,
            4..=7 => Self::Several,
            _ => Self::Many,
        }
    }
}

impl Assurance {
    /// The most that a passkey may count for: what is synced AAL2; AAL3 takes a key that hardware keeps for good.
    #[must_use]
    pub const fn at_most(class: Class, protection: Option<Protection>) -> Self {
        match (class, protection) {
            (Class::DeviceBound, Some(Protection::Tpm | Protection::SecureElement)) => Self::Aal3,
            _ => Self::Aal2,
        }
    }
}

/// Whether a nonce is one that a report may hold: 8 to 88 bytes of text (RFC 9711 §4.1), which is printable ASCII.
#[must_use]
pub fn is_nonce(nonce: &str) -> bool {
    (8..=88).contains(&nonce.len()) && nonce.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The profile of Keyfold's reports (RFC 9711 §6).
pub const PROFILE: &str = "urn:keyfold:evidence:1";
/// The `typ` of a report (RFC 9711 §9).
pub(crate) const TYP: &str = "eat+jwt";
/// Of a report: sixteen statements of the longest, and the rest.
const LONGEST: usize = 128 * 1_024;
/// By how many seconds an issuer's clock may be ahead.
const SKEW: u64 = 60;
