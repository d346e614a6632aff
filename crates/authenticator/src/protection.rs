use std::fmt;

/// How a passkey is found (WebAuthn §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discoverability {
    /// By its relying party's id alone: a client-side discoverable credential.
    Discoverable,
    /// Only by its own id, which the relying party keeps: a server-side credential, such as SSH's by default.
    ServerSide,
}

/// When a passkey may be found and used without user verification (`credProtect`, CTAP 2.1 §12.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredProtect {
    /// userVerificationOptional: always.
    #[default]
    VerificationOptional,
    /// userVerificationOptionalWithCredentialIDList: if the relying party names it.
    VerificationOptionalWithList,
    /// userVerificationRequired: never.
    VerificationRequired,
}

impl CredProtect {
    /// The number in CTAP2 messages: 1, 2 or 3.
    pub fn level(self) -> u8 {
        match self {
            CredProtect::VerificationOptional => 1,
            CredProtect::VerificationOptionalWithList => 2,
            CredProtect::VerificationRequired => 3,
        }
    }

    /// The policy with this number.
    pub fn from_level(level: i64) -> Option<Self> {
        match level {
            1 => Some(CredProtect::VerificationOptional),
            2 => Some(CredProtect::VerificationOptionalWithList),
            3 => Some(CredProtect::VerificationRequired),
            _ => None,
        }
    }
}

impl fmt::Display for CredProtect {
    /// The name in WebAuthn's `credentialProtectionPolicy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CredProtect::VerificationOptional => "userVerificationOptional",
            CredProtect::VerificationOptionalWithList => "userVerificationOptionalWithCredentialIDList",
            CredProtect::VerificationRequired => "userVerificationRequired",
        })
    }
}
