use ciborium::Value;
use rand_core::CryptoRng;

use super::members::{Options, PIN_UV_AUTH_OF_ASSERTION, credential_ids, descriptor, hash, rp_id, user_entity};
use super::proof::Proof;
use crate::authenticator::Authority;
use crate::cbor::{Fields, boolean, count};
use crate::extensions::{self, Outputs};
use crate::token::Permissions;
use crate::{
    AllowList, Assertion, Authenticator, CredentialStore, CtapError, GetAssertion, HmacSecretInput, Presence,
    PrfInputs, UnixMillis, UserVerification, VerificationRequirement,
};

/// authenticatorGetAssertion as it came.
pub(super) struct Request {
    ceremony: GetAssertion,
    proof: Proof,
    /// The `uv` option: whether built-in user verification is asked for.
    uv: bool,
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// CTAP 2.1 §6.2.2.
    pub(super) fn serve_get_assertion(
        &mut self,
        parameters: Value,
        user: &mut dyn UserVerification,
        clock: &dyn Fn() -> UnixMillis,
    ) -> Result<Value, CtapError> {
        let Request { ceremony, proof, uv } = Request::from_cbor(parameters)?;
        if matches!(proof, Proof::Probe) {
            return Err(self.answer_probe(user));
        }
        let (verification, authority) = self.authority_to_sign(&ceremony, &proof, uv, user)?;
        let assertion = self.get(&ceremony, verification, authority, user, clock);
        let assertion = self.counted(assertion, verification)?;
        if let Some(token) = self.session.token.as_mut().filter(|_| ceremony.presence == Presence::Required) {
            token.spend();
        }
        Ok(assertion.to_cbor())
    }

    fn authority_to_sign(
        &mut self,
        ceremony: &GetAssertion,
        proof: &Proof,
        uv: bool,
        user: &dyn UserVerification,
    ) -> Result<(VerificationRequirement, Authority), CtapError> {
        if proof.is_there() {
            let proven = self.prove(proof, &ceremony.client_data_hash)?;
            proven.allows(Permissions::GET_ASSERTION)?.verified()?.bind(&ceremony.rp_id)?;
            return Ok((VerificationRequirement::Discouraged, Authority::Token));
        }
        let always = self.store.device()?.always_uv && ceremony.presence == Presence::Required;
        self.refuse_blocked_uv(uv || always, user)?;
        match (uv, always, user.can_verify()) {
            (true, _, false) => Err(CtapError::InvalidOption),
            (true, _, true) | (false, true, true) => Ok((VerificationRequirement::Required, Authority::Platform)),
            (false, true, false) => Err(CtapError::PuatRequired),
            (false, false, _) => Ok((VerificationRequirement::Discouraged, Authority::Platform)),
        }
    }
}

impl Request {
    /// Reads the parameters (CTAP 2.1 §6.2).
    fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let rp_id = rp_id(fields.required(1)?)?;
        let client_data_hash = hash(fields.required(2)?)?;
        let allow = allow_list(fields.optional(3))?;
        let mut extensions = Fields::of(fields.optional(4).unwrap_or(Value::Map(Vec::new())))?;
        let hmac_secret = extensions.optional(Outputs::HMAC_SECRET).map(HmacSecretInput::from_cbor).transpose()?;
        let cred_blob = extensions.optional(Outputs::CRED_BLOB).map(boolean).transpose()? == Some(true);
        let large_blob_key = extensions::large_blob_key(&mut extensions)?;
        let options = Options::from_cbor(fields.optional(5))?;
        let proof = Proof::from_fields(&mut fields, PIN_UV_AUTH_OF_ASSERTION)?;
        if options.rk.is_some() {
            return Err(CtapError::UnsupportedOption);
        }
        let presence = if options.up == Some(false) { Presence::NotRequired } else { Presence::Required };
        let ceremony = GetAssertion {
            rp_id,
            client_data_hash,
            allow,
            presence,
            verification: VerificationRequirement::Discouraged,
            hmac_secret,
            cred_blob,
            large_blob_key,
            prf: PrfInputs::default(),
        };
        let uv = options.uv == Some(true) && !proof.is_there();
        Ok(Request { ceremony, proof, uv })
    }
}

impl Assertion {
    /// `{1: credential, 2: authData, 3: signature, ? 4: user, ? 5: numberOfCredentials, ? 6: userSelected, ? 7: largeBlobKey}`.
    pub(crate) fn to_cbor(&self) -> Value {
        let mut entries = vec![
            (Value::from(1), descriptor(&self.credential_id)),
            (Value::from(2), Value::from(self.authenticator_data.clone())),
            (Value::from(3), Value::from(self.signature.clone())),
        ];
        entries.extend(self.user.as_ref().map(|user| (Value::from(4), user_entity(user))));
        entries.extend(self.number_of_credentials.map(|number| (Value::from(5), count(number))));
        if self.user_selected {
            entries.push((Value::from(6), Value::from(true)));
        }
        let key = self.large_blob_key.as_ref();
        entries.extend(key.map(|key| (Value::from(7), Value::from(key.expose().to_vec()))));
        Value::Map(entries)
    }
}

/// An empty list is as good as none (CTAP 2.1 §6.2.2); one that names only unknown types is not.
fn allow_list(value: Option<Value>) -> Result<AllowList, CtapError> {
    match value {
        None => Ok(AllowList::Discoverable),
        Some(Value::Array(items)) if items.is_empty() => Ok(AllowList::Discoverable),
        Some(value) => credential_ids(value).map(AllowList::Only),
    }
}

#[cfg(test)]
impl GetAssertion {
    pub(crate) fn example() -> Self {
        GetAssertion {
            rp_id: "example.org".try_into().unwrap(),
            client_data_hash: [3; 32],
            allow: AllowList::Discoverable,
            presence: Presence::Required,
            verification: crate::VerificationRequirement::Required,
            hmac_secret: None,
            cred_blob: false,
            large_blob_key: false,
            prf: PrfInputs::default(),
        }
    }
}
