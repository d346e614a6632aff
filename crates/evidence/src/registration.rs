use ciborium::Value;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use crate::{
    Aaguid, Asked, AttestedCredential, AuthenticatorData, Authority, Class, CredentialKey, CredentialKeyError, Flags,
    Leaf, LeafError, NotAsked, Roots, UnixMillis,
    attestation::{AttestationError, Model, Statement, Verdict},
    authenticator_data::AttestationObject,
    cbor::Members,
};

/// A registration as a browser hands it over (WebAuthn L3 §5.2.1), out of its base64url.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// The attestation object.
    pub attestation_object: &'a [u8],
    /// The client data, JSON.
    pub client_data_json: &'a [u8],
}

/// A new credential.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its id.
    pub credential_id: Vec<u8>,
    /// Its public key.
    pub public_key: CredentialKey,
    /// The model of its authenticator, as that says; only an attestation makes it more than a claim.
    pub aaguid: Aaguid,
    /// How it was made. BE is fixed from now on.
    pub flags: Flags,
    /// The signature counter that it begins with.
    pub sign_count: u32,
    /// Who vouches for it.
    pub attestation: Attestation,
}

/// What an attestation says of a new credential.
#[derive(Debug, Clone)]
pub enum Attestation {
    /// Nobody vouches for it.
    None,
    /// Its own key does, which shows nothing of who made it.
    Own,
    /// The authority does, by this leaf: the credential is of its class.
    Keyfold(Leaf),
    /// Another maker vouches for its authenticator: [`Registration::verify_any`].
    Model(Model),
    /// It is of a form, or of somebody, that this authority says nothing about.
    Other {
        /// The attestation statement format.
        format: String,
    },
}

/// Why a registration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The attestation object, or the authenticator data in it, cannot be read.
    #[error("the attestation object cannot be read")]
    Malformed,
    /// It is none to what was asked.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
    /// The credential's public key cannot be used.
    #[error(transparent)]
    PublicKey(#[from] CredentialKeyError),
    /// The attestation claims one of Keyfold's models, and its leaf is refused.
    #[error("the attestation's leaf is refused: {0}")]
    Leaf(#[from] LeafError),
    /// Another maker's attestation is refused.
    #[error("the attestation is refused: {0}")]
    Other(AttestationError),
    /// The leaf does not name the model, or the class, that the credential is of.
    #[error("the attestation is of another class of passkeys")]
    Class,
    /// The signature is none of the leaf's key over this registration.
    #[error("the attestation's signature does not verify")]
    Signature,
}

impl Registration<'_> {
    /// Verifies it as WebAuthn L3 §7.1 wants it, with an attestation of Keyfold's: `packed` (§8.2), or none. What other
    /// authenticators attest, in whatever form, is not looked at, and said to be of others; [`Registration::verify_any`] does. Whether
    /// [`CredentialKey::algorithm`] is one that was asked for is the caller's to see.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn verify(
        &self,
        asked: &Asked<'_>,
        authority: &Authority,
        now: UnixMillis,
    ) -> Result<Registered, RegistrationError> {
        self.verified(asked, authority, None, now)
    }

    /// The same, and of other makers' authenticators what [`Statement::verify`] makes of their attestations by these roots. No other
    /// maker vouches for a model of Keyfold's.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn verify_any(
        &self,
        asked: &Asked<'_>,
        authority: &Authority,
        others: &Roots,
        now: UnixMillis,
    ) -> Result<Registered, RegistrationError> {
        self.verified(asked, authority, Some(others), now)
    }

    fn verified(
        &self,
        asked: &Asked<'_>,
        authority: &Authority,
        others: Option<&Roots>,
        now: UnixMillis,
    ) -> Result<Registered, RegistrationError> {
        let client_data_hash = asked.client_data(self.client_data_json, "webauthn.create")?;
        let object = AttestationObject::parse(self.attestation_object).ok_or(RegistrationError::Malformed)?;
        let data = AuthenticatorData::parse(&object.authenticator_data).map_err(|_| RegistrationError::Malformed)?;
        asked.authenticator_data(&data)?;
        let AttestedCredential { aaguid, credential_id, public_key } =
            data.attested.ok_or(RegistrationError::Malformed)?;
        let public_key = public_key?;
        let own = Own { aaguid, flags: data.flags, public_key: &public_key };
        let attestation = match (object.format.as_str(), others) {
            ("none", _) if object.statement.as_map().is_some_and(Vec::is_empty) => Attestation::None,
            ("none", _) => return Err(RegistrationError::Malformed),
            ("packed", _) if Class::of(aaguid).is_some() => {
                let signed = [object.authenticator_data.as_slice(), &client_data_hash].concat();
                own.attestation(object.statement, &signed, authority, now)?
            }
            (_, Some(roots)) if Class::of(aaguid).is_none() => by_others(object, &client_data_hash, roots, now)?,
            _ => Attestation::Other { format: object.format },
        };
        let (flags, sign_count) = (data.flags, data.sign_count);
        Ok(Registered { credential_id, public_key, aaguid, flags, sign_count, attestation })
    }
}

/// A credential of one of Keyfold's models, by its own word.
struct Own<'a> {
    aaguid: Aaguid,
    flags: Flags,
    public_key: &'a CredentialKey,
}

impl Own<'_> {
    /// Whether it is one.
    fn attestation(
        &self,
        statement: Value,
        signed: &[u8],
        authority: &Authority,
        now: UnixMillis,
    ) -> Result<Attestation, RegistrationError> {
        match Packed::of(statement).ok_or(RegistrationError::Malformed)? {
            Packed::Own { algorithm, signature } => {
                if algorithm != self.public_key.algorithm() || !self.public_key.signed(signed, &signature) {
                    return Err(RegistrationError::Signature);
                }
                Ok(Attestation::Own)
            }
            Packed::ByLeaf { signature, leaf } => {
                let leaf = Leaf::verify(&leaf, authority, now)?;
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, leaf.public_key());
                key.verify(signed, &signature).map_err(|_| RegistrationError::Signature)?;
                let class = leaf.claims().class;
                let is_of_class =
                    class.aaguid() == self.aaguid && class.is_backup_eligible() == self.flags.backup_eligible();
                if is_of_class { Ok(Attestation::Keyfold(leaf)) } else { Err(RegistrationError::Class) }
            }
        }
    }
}

/// What another maker attests.
fn by_others(
    object: AttestationObject,
    client_data_hash: &[u8; 32],
    roots: &Roots,
    now: UnixMillis,
) -> Result<Attestation, RegistrationError> {
    let statement = Statement {
        format: &object.format,
        statement: &object.statement,
        authenticator_data: &object.authenticator_data,
        client_data_hash,
    };
    Ok(match statement.verify(roots, now).map_err(RegistrationError::Other)? {
        Verdict::None => Attestation::None,
        Verdict::Own => Attestation::Own,
        Verdict::Model(model) => Attestation::Model(model),
        Verdict::Unknown => Attestation::Other { format: object.format },
    })
}

/// A `packed` attestation statement (§8.2).
enum Packed {
    /// By the credential's own key.
    Own { algorithm: i64, signature: Vec<u8> },
    /// By ES256, with certificates, of which the leaf is the first.
    ByLeaf { signature: Vec<u8>, leaf: Vec<u8> },
}

impl Packed {
    fn of(statement: Value) -> Option<Self> {
        let mut members = Members::of(statement)?;
        let algorithm: i64 = members.text("alg")?.into_integer().ok()?.try_into().ok()?;
        let signature = members.text("sig")?.into_bytes().ok()?;
        let packed = match members.text("x5c") {
            Some(certificates) => {
                let leaf = certificates.into_array().ok()?.into_iter().next()?.into_bytes().ok()?;
                (algorithm == ES256).then_some(Self::ByLeaf { signature, leaf })?
            }
            None => Self::Own { algorithm, signature },
        };
        members.end().map(|()| packed)
    }
}

const ES256: i64 = -7;
