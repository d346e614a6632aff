use ciborium::Value;

use super::members::{Options, PUBLIC_KEY, credential_ids, hash, refuse_pin_token, rp_id};
use crate::cbor::{Fields, text_map};
use crate::{AllowList, Assertion, CtapError, GetAssertion, HmacSecretInput, Presence, PrfInputs, User, hmac_secret};

impl GetAssertion {
    /// Reads the parameters of authenticatorGetAssertion (CTAP 2.1 §6.2).
    pub(crate) fn from_cbor(value: Value) -> Result<Self, CtapError> {
        let mut fields = Fields::of(value)?;
        let rp_id = rp_id(fields.required(1)?)?;
        let client_data_hash = hash(fields.required(2)?)?;
        let allow = allow_list(fields.optional(3))?;
        let hmac_secret = hmac_secret_input(fields.optional(4))?;
        let options = Options::from_cbor(fields.optional(5))?;
        refuse_pin_token(fields.optional(6))?;
        if options.rk.is_some() {
            return Err(CtapError::UnsupportedOption);
        }
        let presence = if options.up == Some(false) { Presence::NotRequired } else { Presence::Required };
        Ok(GetAssertion {
            rp_id,
            client_data_hash,
            allow,
            presence,
            verification: options.verification(),
            hmac_secret,
            prf: PrfInputs::default(),
        })
    }
}

impl Assertion {
    /// `{1: credential, 2: authData, 3: signature, ? 4: user, ? 6: userSelected}`.
    pub(crate) fn to_cbor(&self) -> Value {
        let credential =
            text_map([("id", Value::from(self.credential_id.as_bytes().to_vec())), ("type", Value::from(PUBLIC_KEY))]);
        let mut entries = vec![
            (Value::from(1), credential),
            (Value::from(2), Value::from(self.authenticator_data.clone())),
            (Value::from(3), Value::from(self.signature.clone())),
        ];
        entries.extend(self.user.as_ref().map(|user| (Value::from(4), user_entity(user))));
        if self.user_selected {
            entries.push((Value::from(6), Value::from(true)));
        }
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

fn hmac_secret_input(extensions: Option<Value>) -> Result<Option<HmacSecretInput>, CtapError> {
    let Some(extensions) = extensions else { return Ok(None) };
    let input = Fields::of(extensions)?.optional(hmac_secret::IDENTIFIER);
    input.map(HmacSecretInput::from_cbor).transpose()
}

fn user_entity(user: &User) -> Value {
    let mut entries = vec![(Value::from("id"), Value::from(user.handle.as_bytes().to_vec()))];
    entries.extend(user.name.as_ref().map(|name| (Value::from("name"), Value::from(name.as_str()))));
    let display_name = user.display_name.as_ref();
    entries.extend(display_name.map(|name| (Value::from("displayName"), Value::from(name.as_str()))));
    Value::Map(entries)
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
            prf: PrfInputs::default(),
        }
    }
}
