//! Members that both commands have.

use ciborium::Value;

use crate::cbor::{Fields, array, boolean, bytes, text};
use crate::{CtapError, Label, RpId, User, UserHandle, VerificationRequirement};

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

    pub(super) fn verification(&self) -> VerificationRequirement {
        match self.uv {
            Some(true) => VerificationRequirement::Required,
            Some(false) | None => VerificationRequirement::Discouraged,
        }
    }
}

/// A `pinUvAuthParam` proves knowledge of a PIN token. None has ever been given out, so none is
/// right (CTAP 2.1 §6.1.2 step 11).
pub(super) fn refuse_pin_token(value: Option<Value>) -> Result<(), CtapError> {
    match value.map(bytes).transpose()? {
        Some(_) => Err(CtapError::PinAuthInvalid),
        None => Ok(()),
    }
}

pub(super) const PUBLIC_KEY: &str = "public-key";
