use zeroize::Zeroizing;

use crate::{CredentialId, HmacSecretInput, LargeBlobKey, PrfInputs, PrfOutput, RpId, User, VerificationRequirement};

/// A request to sign in: *authenticatorGetAssertion* (CTAP 2.1 §6.2, WebAuthn §6.3.3).
#[derive(Clone, Debug, PartialEq)]
pub struct GetAssertion {
    /// Who asks.
    pub rp_id: RpId,
    /// SHA-256 of the serialized client data.
    pub client_data_hash: [u8; 32],
    /// Which passkeys will do.
    pub allow: AllowList,
    /// Whether somebody must be there.
    pub presence: Presence,
    /// Whether the user must prove who they are.
    pub verification: VerificationRequirement,
    /// The `hmac-secret` extension of CTAP platforms.
    pub hmac_secret: Option<HmacSecretInput>,
    /// Whether what was stored with the passkey is wanted (`credBlob`).
    pub cred_blob: bool,
    /// Whether the passkey's [`LargeBlobKey`] is wanted.
    pub large_blob_key: bool,
    /// Salts to evaluate, for our own client. They make verification required.
    pub prf: PrfInputs,
}

impl GetAssertion {
    pub(crate) fn verification(&self) -> VerificationRequirement {
        if self.prf.is_empty() { self.verification } else { VerificationRequirement::Required }
    }
}

/// Which passkeys of the relying party may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowList {
    /// Any: the user says who they are by choosing one.
    Discoverable,
    /// Those with one of these ids. Of any length: other authenticators' too.
    Only(Vec<Vec<u8>>),
}

/// The `up` option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Ask the user.
    Required,
    /// A platform only probes: UP=0, and without required verification nobody is asked. Then only a passkey that the
    /// allow list names is found, and nothing is told of its account.
    NotRequired,
}

/// A signature with a passkey.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Which passkey signed.
    pub credential_id: CredentialId,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// Over authenticator data ‖ client data hash: DER for ES256 and ES384, 64 bytes for EdDSA, 2,420 for ML-DSA-44.
    pub signature: Vec<u8>,
    /// The account; `None` if nobody was asked. Its names are there only if the user was verified.
    pub user: Option<User>,
    /// Whether the user chose among several accounts.
    pub user_selected: bool,
    /// How many passkeys fit, if the platform is to choose among several.
    pub number_of_credentials: Option<usize>,
    /// What `prf` salts evaluated to. Never inside authenticator data.
    pub prf: Option<PrfOutput>,
    /// What was stored with it, if that was asked for; also inside authenticator data.
    pub cred_blob: Option<Zeroizing<Vec<u8>>>,
    /// The key of its large blob, if that was asked for.
    pub large_blob_key: Option<LargeBlobKey>,
}
