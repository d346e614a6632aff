use ciborium::Value;
use rand_core::CryptoRng;

use super::members::{Options, PIN_UV_AUTH_OF_CREATION, PUBLIC_KEY, credential_ids, hash, label, rp_id, user};
use super::proof::Proof;
use crate::authenticator::Authority;
use crate::cbor::{Fields, array, boolean, bytes, integer, text};
use crate::extensions::{self, Outputs};
use crate::token::Permissions;
use crate::{
    Attestation, AttestationFormat, Authenticator, CredProtect, CredentialStore, CtapError, Discoverability,
    HmacSecretInput, MakeCredential, MakeExtensions, RelyingParty, UnixMillis, UserVerification,
    VerificationRequirement,
};

/// authenticatorMakeCredential as it came.
pub(super) struct Request {
    ceremony: MakeCredential,
    proof: Proof,
    /// The `uv` option: whether built-in user verification is asked for.
    uv: bool,
    wants_enterprise_attestation: bool,
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// CTAP 2.1 §6.1.2.
    pub(super) fn serve_make_credential(
        &mut self,
        parameters: Value,
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Value, CtapError> {
        let Request { ceremony, proof, uv, wants_enterprise_attestation } = Request::from_cbor(parameters)?;
        if matches!(proof, Proof::Probe) {
            return Err(self.answer_probe(user));
        }
        if wants_enterprise_attestation {
            return Err(CtapError::InvalidParameter);
        }
        let (verification, authority) = self.authority_to_make(&ceremony, &proof, uv, user)?;
        let made = self.make(&ceremony, verification, authority, user, now);
        let made = self.counted(made, verification)?;
        if let Some(token) = &mut self.session.token {
            token.spend();
        }
        Ok(made.to_cbor())
    }

    fn authority_to_make(
        &mut self,
        ceremony: &MakeCredential,
        proof: &Proof,
        uv: bool,
        user: &dyn UserVerification,
    ) -> Result<(VerificationRequirement, Authority), CtapError> {
        if proof.is_there() {
            let proven = self.prove(proof, &ceremony.client_data_hash)?;
            proven.allows(Permissions::MAKE_CREDENTIAL)?.verified()?.bind(&ceremony.relying_party.id)?;
            return Ok((VerificationRequirement::Discouraged, Authority::Token));
        }
        let state = self.store.device()?;
        let is_protected = state.has_pin() || user.can_verify();
        self.refuse_blocked_uv(uv || state.always_uv, user)?;
        match (uv, state.always_uv, user.can_verify()) {
            (true, _, false) => Err(CtapError::InvalidOption),
            (true, _, true) | (false, true, true) => Ok((VerificationRequirement::Required, Authority::Platform)),
            (false, true, false) => Err(CtapError::PuatRequired),
            // makeCredUvNotRqd: only what is found without its id needs verification.
            (false, false, _) if is_protected && ceremony.discoverability == Discoverability::Discoverable => {
                Err(CtapError::PuatRequired)
            }
            (false, false, _) => Ok((VerificationRequirement::Discouraged, Authority::Platform)),
        }
    }
}

impl Request {
    /// Reads the parameters (CTAP 2.1 §6.1).
    fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let client_data_hash = hash(fields.required(1)?)?;
        let relying_party = relying_party(fields.required(2)?)?;
        let user = user(fields.required(3)?)?;
        let algorithms = algorithms(fields.required(4)?)?;
        let exclude = fields.optional(5).map(credential_ids).transpose()?.unwrap_or_default();
        let extensions = extensions(fields.optional(6))?;
        let options = Options::from_cbor(fields.optional(7))?;
        let proof = Proof::from_fields(&mut fields, PIN_UV_AUTH_OF_CREATION)?;
        let formats = fields.optional(11).map(texts).transpose()?.unwrap_or_default();
        let wants_enterprise_attestation = fields.optional(10).map(integer).transpose()?.is_some();
        // Presence can't be waived here.
        if options.up == Some(false) {
            return Err(CtapError::InvalidOption);
        }
        let is_discoverable = options.rk == Some(true);
        // Blobs are for what stays (CTAP 2.1 §12.3).
        if extensions.large_blob_key && !is_discoverable {
            return Err(CtapError::InvalidOption);
        }
        let ceremony = MakeCredential {
            client_data_hash,
            relying_party,
            user,
            algorithms,
            exclude,
            verification: VerificationRequirement::Discouraged,
            discoverability: if is_discoverable { Discoverability::Discoverable } else { Discoverability::ServerSide },
            attestation: AttestationFormat::preferred(&formats),
            extensions,
            prf: None,
        };
        let uv = options.uv == Some(true) && !proof.is_there();
        Ok(Request { ceremony, proof, uv, wants_enterprise_attestation })
    }
}

impl Attestation {
    /// `{1: fmt, 2: authData, 3: attStmt, ? 5: largeBlobKey}`.
    pub(crate) fn to_cbor(&self) -> Value {
        let mut entries = vec![
            (Value::from(1), Value::from(self.statement.format())),
            (Value::from(2), Value::from(self.authenticator_data.clone())),
            (Value::from(3), self.statement.to_cbor()),
        ];
        let key = self.large_blob_key.as_ref();
        entries.extend(key.map(|key| (Value::from(5), Value::from(key.expose().to_vec()))));
        Value::Map(entries)
    }
}

/// A PublicKeyCredentialRpEntity.
fn relying_party(value: Value) -> Result<RelyingParty, CtapError> {
    let mut fields = Fields::of(value)?;
    Ok(RelyingParty { id: rp_id(fields.required("id")?)?, name: fields.optional("name").map(label).transpose()? })
}

fn texts(value: Value) -> Result<Vec<String>, CtapError> {
    array(value)?.into_iter().map(text).collect()
}

/// The identifiers in `pubKeyCredParams`, in order; those of unknown type left out.
fn algorithms(value: Value) -> Result<Vec<i64>, CtapError> {
    let mut algorithms = Vec::new();
    for parameters in array(value)? {
        let mut fields = Fields::of(parameters)?;
        let algorithm = integer(fields.required("alg")?)?;
        if text(fields.required("type")?)? == PUBLIC_KEY {
            algorithms.push(algorithm);
        }
    }
    Ok(algorithms)
}

fn extensions(value: Option<Value>) -> Result<MakeExtensions, CtapError> {
    let Some(value) = value else { return Ok(MakeExtensions::default()) };
    let mut fields = Fields::of(value)?;
    let policy = fields.optional(Outputs::CRED_PROTECT).map(integer).transpose()?;
    let mut flag = |identifier| fields.optional(identifier).map(boolean).transpose().map(|flag| flag == Some(true));
    let hmac_secret = flag(Outputs::HMAC_SECRET)?;
    let min_pin_length = flag(Outputs::MIN_PIN_LENGTH)?;
    Ok(MakeExtensions {
        cred_protect: policy.map(|level| CredProtect::from_level(level).ok_or(CtapError::InvalidOption)).transpose()?,
        cred_blob: fields.optional(Outputs::CRED_BLOB).map(bytes).transpose()?,
        hmac_secret,
        hmac_secret_at_creation: fields
            .optional(Outputs::HMAC_SECRET_AT_CREATION)
            .map(HmacSecretInput::from_cbor)
            .transpose()?,
        large_blob_key: extensions::large_blob_key(&mut fields)?,
        min_pin_length,
    })
}
