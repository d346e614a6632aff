use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use ciborium::Value;
use rand_core::CryptoRng;
use ring::{digest, hmac};

use super::MAX_MESSAGE;
use super::large_blobs::MAX_LARGE_BLOBS;
use super::members::PUBLIC_KEY;
use crate::authenticator::MAX_CRED_BLOB;
use crate::cbor::{count, text_map};
use crate::extensions::Outputs;
use crate::make_credential::{NONE, PACKED};
use crate::{Algorithm, Authenticator, CredentialId, CredentialStore, CtapError, DeviceState, Pin, UserVerification};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// CTAP 2.1 §6.4: what this authenticator can do, and how it is set.
    pub(super) fn serve_info(&mut self, (): (), user: &dyn UserVerification) -> Result<Value, CtapError> {
        let state = self.store.device()?;
        let algorithm = |algorithm: Algorithm| {
            text_map([("alg", Value::from(algorithm.cose_id())), ("type", Value::from(PUBLIC_KEY))])
        };
        let mut members: Vec<(i64, Value)> = vec![
            (0x01, texts(["FIDO_2_0", "FIDO_2_1"])),
            (0x02, texts(EXTENSIONS)),
            (0x03, Value::from(self.model.aaguid().as_bytes().to_vec())),
            (0x04, options(&state, user)),
            (0x05, count(MAX_MESSAGE)),
            (0x06, Value::Array(vec![Value::from(2), Value::from(1)])),
            (0x07, count(MAX_LIST)),
            (0x08, count(CredentialId::MAX_LENGTH)),
            (0x09, texts(["internal", "usb"])),
            (0x0a, Value::Array(Algorithm::ALL.map(algorithm).to_vec())),
            (0x0b, count(MAX_LARGE_BLOBS)),
            (0x0c, Value::from(state.force_pin_change)),
            (0x0d, Value::from(state.min_pin_length)),
            (0x0e, Value::from(FIRMWARE_VERSION)),
            (0x0f, count(MAX_CRED_BLOB)),
            (0x10, count(DeviceState::MAX_RP_IDS)),
            (0x14, Value::from(self.store.room()?)),
            (0x16, texts([PACKED, NONE])),
            (0x1d, count(Pin::MAX_BYTES)),
        ];
        if user.can_verify() {
            // USER_VERIFY_PASSCODE_INTERNAL (FIDO registry §3.1).
            members.push((0x12, Value::from(0x04)));
        }
        if let Some(token) = &state.persistent_token {
            let identifier = state.identifier.unwrap_or_default();
            members.push((0x19, self.for_holders_of(token, b"encIdentifier", identifier)?));
            let inventory = self.inventory_state()?;
            members.push((0x1e, self.for_holders_of(token, b"encCredStoreState", inventory)?));
        }
        Ok(Value::Map(members.into_iter().map(|(key, value)| (Value::from(key), value)).collect()))
    }

    /// 16 bytes that only holders of the persistent token read, different each time: IV ‖ AES-128-CBC under
    /// HKDF-SHA-256(token, a salt of 32 zero bytes, `info`) (CTAP 2.2 §6.4).
    fn for_holders_of(&mut self, token: &[u8; 32], info: &[u8], block: [u8; 16]) -> Result<Value, CtapError> {
        let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]), token);
        let expand = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
        let expanded = hmac::sign(&expand, &[info, &[0x01]].concat());
        let key: [u8; 16] = expanded.as_ref().first_chunk().copied().ok_or(CtapError::Other)?;
        let mut iv = [0; 16];
        self.rng.fill_bytes(&mut iv);
        let mut sealed = block;
        cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into())
            .encrypt_padded::<NoPadding>(&mut sealed, block.len())
            .map_err(|_| CtapError::Other)?;
        Ok(Value::from([iv, sealed].concat()))
    }

    /// Changes whenever a passkey comes, goes or is renamed.
    fn inventory_state(&self) -> Result<[u8; 16], CtapError> {
        let mut hashes = Vec::new();
        for (relying_party, listing) in self.store.inventory()? {
            let user = crate::cbor::encode(&super::members::user_entity(&listing.user))?;
            let parts = [&relying_party.id.hash(), listing.credential_id.as_bytes(), &user].concat();
            hashes.push(digest::digest(&digest::SHA256, &parts).as_ref().to_vec());
        }
        hashes.sort_unstable();
        let whole = digest::digest(&digest::SHA256, &hashes.concat());
        whole.as_ref().first_chunk().copied().ok_or(CtapError::Other)
    }
}

fn options(state: &DeviceState, user: &dyn UserVerification) -> Value {
    let mut options = vec![
        ("rk", true),
        ("up", true),
        ("plat", false),
        ("alwaysUv", state.always_uv),
        ("credMgmt", true),
        ("authnrCfg", true),
        ("clientPin", state.has_pin()),
        ("largeBlobs", true),
        ("perCredMgmtRO", true),
        ("pinUvAuthToken", true),
        ("setMinPINLength", true),
        ("makeCredUvNotRqd", !state.always_uv),
    ];
    if user.can_verify() {
        options.push(("uv", true));
    }
    Value::Map(options.into_iter().map(|(name, value)| (Value::from(name), Value::from(value))).collect())
}

fn texts<const N: usize>(texts: [&str; N]) -> Value {
    Value::Array(texts.map(Value::from).to_vec())
}

const EXTENSIONS: [&str; 6] = [
    Outputs::CRED_BLOB,
    Outputs::CRED_PROTECT,
    Outputs::HMAC_SECRET,
    Outputs::HMAC_SECRET_AT_CREATION,
    "largeBlobKey",
    Outputs::MIN_PIN_LENGTH,
];
/// Descriptors in a list: as many of the longest as fit into a request.
const MAX_LIST: usize = 64;
/// Rises with each version that answers differently.
const FIRMWARE_VERSION: u32 = 1;
