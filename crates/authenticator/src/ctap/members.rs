//! Members that both commands have.

use ciborium::Value;

use crate::cbor::{Fields, array, boolean, bytes, text, text_map};
use crate::{CredentialId, CtapError, Label, RpId, User, UserHandle};

/// A SHA-256 hash.
pub(super) fn hash(value: Value) -> Result<[u8; 32], CtapError> {
    bytes(value)?.try_into().map_err(|_| CtapError::InvalidLength)
}

pub(super) fn rp_id(value: Value) -> Result<RpId, CtapError> {
    RpId::try_from(text(value)?.as_str()).map_err(|_| CtapError::InvalidParameter)
}

/// A PublicKeyCredentialUserEntity.
pub(super) fn user(value: Value) -> Result<User, CtapError> {
    let mut fields = Fields::of(value)?;
    let handle = bytes(fields.required("id")?)?;
    Ok(User {
        handle: UserHandle::try_from(handle.as_slice()).map_err(|_| CtapError::InvalidLength)?,
        name: fields.optional("name").map(label).transpose()?,
        display_name: fields.optional("displayName").map(label).transpose()?,
    })
}

pub(super) fn label(value: Value) -> Result<Label, CtapError> {
    text(value).map(|text| Label::clipped(&text))
}

/// The credential ids of a list of PublicKeyCredentialDescriptor; those of unknown type left out.
pub(super) fn credential_ids(value: Value) -> Result<Vec<Vec<u8>>, CtapError> {
    let mut ids = Vec::new();
    for descriptor in array(value)? {
        let mut fields = Fields::of(descriptor)?;
        let id = bytes(fields.required("id")?)?;
        if text(fields.required("type")?)? == PUBLIC_KEY {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The `options` map. Unknown options are ignored, as CTAP 2.1 §6.1.2 step 5 asks.
#[derive(Default)]
pub(super) struct Options {
    pub(super) rk: Option<bool>,
    pub(super) up: Option<bool>,
    pub(super) uv: Option<bool>,
}

impl Options {
    pub(super) fn from_cbor(value: Option<Value>) -> Result<Self, CtapError> {
        let Some(value) = value else { return Ok(Options::default()) };
        let mut fields = Fields::of(value)?;
        Ok(Options {
            rk: fields.optional("rk").map(boolean).transpose()?,
            up: fields.optional("up").map(boolean).transpose()?,
            uv: fields.optional("uv").map(boolean).transpose()?,
        })
    }
}

/// The keys of `pinUvAuthParam` and `pinUvAuthProtocol` in the two ceremonies' requests.
pub(super) const PIN_UV_AUTH_OF_CREATION: (i64, i64) = (8, 9);
pub(super) const PIN_UV_AUTH_OF_ASSERTION: (i64, i64) = (6, 7);

/// A PublicKeyCredentialDescriptor.
pub(super) fn descriptor(id: &CredentialId) -> Value {
    text_map([("id", Value::from(id.as_bytes().to_vec())), ("type", Value::from(PUBLIC_KEY))])
}

/// A PublicKeyCredentialUserEntity as it is told.
pub(super) fn user_entity(user: &User) -> Value {
    let mut entries = vec![(Value::from("id"), Value::from(user.handle.as_bytes().to_vec()))];
    entries.extend(user.name.as_ref().map(|name| (Value::from("name"), Value::from(name.as_str()))));
    let display_name = user.display_name.as_ref();
    entries.extend(display_name.map(|name| (Value::from("displayName"), Value::from(name.as_str()))));
    Value::Map(entries)
}

pub(super) const PUBLIC_KEY: &str = "public-key";
