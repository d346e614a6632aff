//! Attestation statements of other makers' authenticators (WebAuthn L3 §8): `none`, `packed`, `tpm`, `android-key`, `apple` and
//! `fido-u2f`. Roots and the time are passed in; which roots speak for which model is for the caller to know, from metadata.
//!
//! It is our own over `ring`, since `webauthn-rs-core` 0.6 reads the system's clock as it registers and wants a challenge of its own.
//! Signatures with SHA-1 are refused, so that older TPMs of Windows (`RS1`) are.
//!
//! What a statement does not sign is not told: `fido-u2f` leaves out the AAGUID and the flags.

mod android_key;
mod apple;
mod fido_u2f;
mod packed;
mod tpm;

pub(crate) use apple::nonce;
pub(crate) use tpm::names_a_tpm;

use ciborium::Value;
use x509_cert::der::asn1::ObjectIdentifier;

use crate::{
    Aaguid, AttestedCredential, AuthenticatorData, CredentialKey, CredentialKeyError, Protection, UnixMillis,
    cbor::Members,
    der,
    hardware::AndroidKeyError,
    roots::{Link, Path, PathError, Purpose, Roots},
};

/// An attestation statement, and what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// The attestation statement format.
    pub format: &'a str,
    /// The statement.
    pub statement: &'a Value,
    /// The authenticator data that came with it.
    pub authenticator_data: &'a [u8],
    /// SHA-256 of the client data, which holds the challenge.
    pub client_data_hash: &'a [u8; 32],
}

/// Who vouches for a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody does.
    None,
    /// Its own key does, which shows nothing of who made it.
    Own,
    /// A maker does.
    Model(Model),
    /// The format is not one of those that are known here.
    Unknown,
}

/// What a maker says of a credential's authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// How it says so.
    pub kind: Kind,
    /// The authenticator's model, if the statement covers it. A certificate may say which model it is for, and then it is this one; where
    /// it does not, the model is as sure as the root speaks for no other.
    pub aaguid: Option<Aaguid>,
    /// What keeps the credential's key, if the statement tells; else the model's metadata does.
    pub protection: Option<Protection>,
    /// SHA-256 of the root that the path leads to, to be one of those that may speak for the model.
    pub root: [u8; 32],
}

/// An attestation type (WebAuthn L3 §6.5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By a key that many authenticators of a model have, or that an authority has certified: the two look the same.
    Basic,
    /// By a key that an authority has certified for this authenticator alone.
    AttestationCa,
    /// By an authority, for this credential alone.
    AnonymizationCa,
}

/// Why an attestation statement is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// The authenticator data, or the statement, is not of its form.
    #[error("the attestation statement cannot be read")]
    Malformed,
    /// The credential's public key cannot be used.
    #[error(transparent)]
    PublicKey(#[from] CredentialKeyError),
    /// Signatures of this COSE algorithm do not count here.
    #[error("attestations by COSE algorithm {0} are not accepted")]
    Algorithm(i64),
    /// The path to a root is refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The attestation certificate is not as its format wants it.
    #[error("the attestation certificate is not as its format wants it")]
    Certificate,
    /// The attestation certificate is of another model.
    #[error("the attestation certificate is of another model")]
    Model,
    /// It attests another key than the credential's.
    #[error("another key is attested")]
    Key,
    /// It is of another registration.
    #[error("another registration is attested")]
    Registration,
    /// It is not said that the key was made where it is kept, to sign, for one program.
    #[error("the key was not made to sign for one program alone, where it is kept")]
    Origin,
    /// What an Android device says of the key is refused.
    #[error(transparent)]
    Android(AndroidKeyError),
    /// The signature is none of the attestation's key over this registration.
    #[error("the attestation's signature does not verify")]
    Signature,
}

impl Statement<'_> {
    /// Verifies it.
    ///
    /// # Errors
    /// [`AttestationError`]. A format that is not known is [`Verdict::Unknown`].
    pub fn verify(&self, roots: &Roots, now: UnixMillis) -> Result<Verdict, AttestationError> {
        let verify = match self.format {
            "none" => {
                let is_empty = self.statement.as_map().is_some_and(Vec::is_empty);
                return if is_empty { Ok(Verdict::None) } else { Err(AttestationError::Malformed) };
            }
            "packed" => packed::verify,
            "tpm" => tpm::verify,
            "android-key" => android_key::verify,
            "apple" => apple::verify,
            "fido-u2f" => fido_u2f::verify,
            _ => return Ok(Verdict::Unknown),
        };
        let data = AuthenticatorData::parse(self.authenticator_data).map_err(|_| AttestationError::Malformed)?;
        let AttestedCredential { aaguid, credential_id, public_key } =
            data.attested.ok_or(AttestationError::Malformed)?;
        let subject = Subject {
            rp_id_hash: data.rp_id_hash,
            aaguid,
            credential_id,
            public_key: public_key?,
            client_data_hash: *self.client_data_hash,
            signed: [self.authenticator_data, self.client_data_hash].concat(),
        };
        let members = Members::of(self.statement.clone()).ok_or(AttestationError::Malformed)?;
        verify(members, &subject, &Trusted { roots, now })
    }
}

/// What is attested.
struct Subject {
    rp_id_hash: [u8; 32],
    aaguid: Aaguid,
    credential_id: Vec<u8>,
    public_key: CredentialKey,
    client_data_hash: [u8; 32],
    /// The authenticator data and the client data's hash.
    signed: Vec<u8>,
}

/// By whom, and when.
struct Trusted<'a> {
    roots: &'a Roots,
    now: UnixMillis,
}

impl Trusted<'_> {
    fn path(&self, path: &Path<'_>) -> Result<[u8; 32], AttestationError> {
        Ok(path.verify(self.roots, self.now, Purpose::Attestation)?)
    }
}

/// `alg`.
fn algorithm(members: &mut Members) -> Option<i64> {
    members.text("alg")?.into_integer().ok()?.try_into().ok()
}

fn bytes(members: &mut Members, name: &str) -> Option<Vec<u8>> {
    members.text(name)?.into_bytes().ok()
}

/// `x5c`: certificates, the first of which is of the key that attests.
pub(crate) fn certificates(value: Value) -> Option<Vec<Vec<u8>>> {
    value.into_array().ok()?.into_iter().map(|certificate| certificate.into_bytes().ok()).collect()
}

/// The model that a certificate is for (§8.2.1), if it says so, is the credential's.
fn is_of_model(link: &Link, aaguid: Aaguid) -> bool {
    link.extension(AAGUID).is_none_or(|named| {
        !named.critical && der::only(named.extn_value.as_bytes(), der::OCTET_STRING) == Some(aaguid.0.as_slice())
    })
}

const AAGUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.4");
