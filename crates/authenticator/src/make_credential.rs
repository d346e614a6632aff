use ciborium::Value;

use crate::{
    Algorithm, Attested, CredProtect, CredentialId, CtapError, Discoverability, HmacSecretInput, LargeBlobKey,
    PrfOutput, PrfSalts, PublicKey, RelyingParty, User, VerificationRequirement, cbor,
};

/// A request to make a passkey: *authenticatorMakeCredential* (CTAP 2.1 §6.1, WebAuthn §6.3.2).
///
/// User presence is always asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeCredential {
    /// SHA-256 of the serialized client data.
    pub client_data_hash: [u8; 32],
    /// Who asks.
    pub relying_party: RelyingParty,
    /// For which account. A discoverable passkey that is here for the same handle is replaced by another.
    pub user: User,
    /// COSE algorithm identifiers, the most wanted first; unknown ones are passed over.
    pub algorithms: Vec<i64>,
    /// Credential ids of which none may be here. Of any length: other authenticators' too.
    pub exclude: Vec<Vec<u8>>,
    /// Whether the user must prove who they are.
    pub verification: VerificationRequirement,
    /// Whether it shall be found without its id.
    pub discoverability: Discoverability,
    /// How it shall be attested.
    pub attestation: AttestationFormat,
    /// The rest of what may be asked for.
    pub extensions: MakeExtensions,
    /// Salts to evaluate at once, for our own client. They make verification required.
    pub prf: Option<PrfSalts>,
}

/// How a new passkey is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationFormat {
    /// Not at all: `none` (WebAuthn §8.7).
    None,
    /// By its own key: `packed`, self attestation (WebAuthn §8.2). It says that the answer is of whoever has the passkey, and no more;
    /// OpenSSH takes no key without it.
    PackedSelf,
    /// By what [vouches](crate::Witness) for this device, where that wants to: `packed`, with certificates; else not at all.
    Device,
}

impl AttestationFormat {
    /// The most wanted of the formats that a platform names (CTAP 2.2 §6.1.1, `attestationFormatsPreference`).
    pub(crate) fn preferred(names: &[String]) -> Self {
        let known = names.iter().find_map(|name| match name.as_str() {
            NONE => Some(Self::None),
            PACKED => Some(Self::PackedSelf),
            _ => None,
        });
        known.unwrap_or(Self::PackedSelf)
    }
}

/// What attests a new passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttestationStatement {
    /// Nothing does.
    None,
    /// The passkey itself.
    PackedSelf {
        /// Its COSE algorithm.
        algorithm: i64,
        /// Over authenticator data ‖ hash of the client data.
        signature: Vec<u8>,
    },
    /// The device.
    Packed(Attested),
}

impl AttestationStatement {
    pub(crate) const fn format(&self) -> &'static str {
        match self {
            Self::None => NONE,
            Self::PackedSelf { .. } | Self::Packed(_) => PACKED,
        }
    }

    pub(crate) fn to_cbor(&self) -> Value {
        match self {
            Self::None => Value::Map(Vec::new()),
            Self::PackedSelf { algorithm, signature } => {
                cbor::text_map([("alg", Value::from(*algorithm)), ("sig", Value::from(signature.clone()))])
            }
            Self::Packed(Attested { signature, certificates }) => {
                let path = certificates.iter().map(|der| Value::from(der.clone())).collect();
                let algorithm = Algorithm::Es256.cose_id();
                cbor::text_map([
                    ("alg", Value::from(algorithm)),
                    ("sig", Value::from(signature.clone())),
                    ("x5c", Value::Array(path)),
                ])
            }
        }
    }
}

pub(crate) const NONE: &str = "none";
pub(crate) const PACKED: &str = "packed";

/// The extensions of *authenticatorMakeCredential* (CTAP 2.1 §12). Nothing is asked for by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MakeExtensions {
    /// When the passkey may be found and used without verification.
    pub cred_protect: Option<CredProtect>,
    /// Bytes to keep with the passkey. Over 32 they are not kept, and the output says so.
    pub cred_blob: Option<Vec<u8>>,
    /// Whether authenticator data shall say that `hmac-secret` is there (it always is).
    pub hmac_secret: bool,
    /// Salts of a CTAP platform to evaluate at once.
    pub hmac_secret_at_creation: Option<HmacSecretInput>,
    /// Whether the passkey's [`LargeBlobKey`] is wanted.
    pub large_blob_key: bool,
    /// Whether the least length of this device's PIN is wanted; told only to relying parties that an administrator named.
    pub min_pin_length: bool,
}

impl MakeCredential {
    pub(crate) fn verification(&self) -> VerificationRequirement {
        if self.prf.is_some() { VerificationRequirement::Required } else { self.verification }
    }
}

/// A passkey was made.
#[derive(Clone, Debug)]
pub struct Attestation {
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// What attests it.
    pub statement: AttestationStatement,
    /// The new passkey's id.
    pub credential_id: CredentialId,
    /// The new passkey's public key.
    pub public_key: PublicKey,
    /// What `prf` salts evaluated to. Never inside authenticator data.
    pub prf: Option<PrfOutput>,
    /// The key of its large blob, if that was asked for.
    pub large_blob_key: Option<LargeBlobKey>,
}

impl Attestation {
    /// WebAuthn's attestation object (§6.5): `{"fmt": …, "attStmt": …, "authData": …}`.
    ///
    /// # Errors
    /// [`CtapError::Other`] if it can't be encoded.
    pub fn attestation_object(&self) -> Result<Vec<u8>, CtapError> {
        cbor::encode(&cbor::text_map([
            ("fmt", Value::from(self.statement.format())),
            ("attStmt", self.statement.to_cbor()),
            ("authData", Value::from(self.authenticator_data.clone())),
        ]))
    }
}
