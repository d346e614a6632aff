//! Apple App Attest: a device's word that an app runs on it unchanged, and with which key, up to a root of Apple's
//! ("Validating apps that connect to your server").

use sha2::{Digest, Sha256};

use crate::{
    UnixMillis,
    attestation::nonce,
    authenticator_data::{AttestationObject, AuthenticatorData},
    cbor::{self, Members},
    key::{Curve, Hash, Key, Scheme},
    roots::{Path, PathError, Purpose, Roots},
};

/// What an app on an Apple device is attested by.
#[derive(Debug, Clone, Copy)]
pub struct AppAttestation<'a> {
    /// The attestation object.
    pub object: &'a [u8],
    /// The team's identifier, a dot, and the bundle's.
    pub app_id: &'a str,
    /// The key's id, as the app tells it.
    pub key_id: &'a [u8; 32],
    /// SHA-256 of what the app was challenged with.
    pub client_data_hash: &'a [u8; 32],
    /// For which of Apple's servers the app was built.
    pub environment: Environment,
}

/// What an attested app says later.
#[derive(Debug, Clone, Copy)]
pub struct AppAssertion<'a> {
    /// The assertion object.
    pub object: &'a [u8],
    /// The team's identifier, a dot, and the bundle's.
    pub app_id: &'a str,
    /// The key that [`AppAttestation::verify`] told.
    pub public_key: &'a [u8; 65],
    /// SHA-256 of what the app says, with the server's challenge in it.
    pub client_data_hash: &'a [u8; 32],
    /// The counter of the last one; 0 after the attestation.
    pub counter: u32,
}

/// For which of Apple's servers an app was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// What users have.
    Production,
    /// What developers try.
    Development,
}

/// Why what an app says is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppAttestError {
    /// The object is not of its form.
    #[error("what the app says cannot be read")]
    Malformed,
    /// The path to a root is refused.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is to another challenge.
    #[error("it is to another challenge")]
    Challenge,
    /// It is of another key.
    #[error("it is of another key")]
    Key,
    /// It is of another app.
    #[error("it is of another app")]
    App,
    /// It is of the other environment.
    #[error("it is of another environment")]
    Environment,
    /// The counter does not begin with 0, or has not grown: it is a repetition, or there is a copy.
    #[error("the counter has not grown")]
    Counter,
    /// The signature is not the key's.
    #[error("the signature is not the key's")]
    Signature,
}

impl AppAttestation<'_> {
    /// Verifies it; the app's public key (SEC 1, uncompressed), which is to be kept.
    ///
    /// # Errors
    /// [`AppAttestError`].
    pub fn verify(&self, roots: &Roots, now: UnixMillis) -> Result<[u8; 65], AppAttestError> {
        let malformed = AppAttestError::Malformed;
        let object = AttestationObject::parse(self.object).filter(|object| object.format == "apple-appattest");
        let object = object.ok_or(malformed)?;
        let mut members = Members::of(object.statement).ok_or(malformed)?;
        let certificates = members.text("x5c").and_then(crate::attestation::certificates).ok_or(malformed)?;
        // For Apple's assessment of risk, which would have to be fetched.
        let _receipt = members.text("receipt").and_then(|receipt| receipt.into_bytes().ok()).ok_or(malformed)?;
        members.end().ok_or(malformed)?;
        let data = AuthenticatorData::parse(&object.authenticator_data).map_err(|_| malformed)?;
        let attested = data.attested.ok_or(malformed)?;

        let path = Path::parse(&certificates)?;
        path.verify(roots, now, Purpose::Attestation)?;
        let signed = [object.authenticator_data.as_slice(), self.client_data_hash].concat();
        if nonce(&path.leaf) != Some(Sha256::digest(&signed).as_slice()) {
            return Err(AppAttestError::Challenge);
        }
        let Some(Key::Ec(Curve::P256, point)) = &path.leaf.key else { return Err(AppAttestError::Key) };
        let is_of_key = Sha256::digest(point).as_slice() == self.key_id && attested.credential_id == self.key_id;
        if !is_of_key {
            return Err(AppAttestError::Key);
        }
        if data.rp_id_hash != <[u8; 32]>::from(Sha256::digest(self.app_id)) {
            return Err(AppAttestError::App);
        }
        if attested.aaguid.0 != self.environment.aaguid() {
            return Err(AppAttestError::Environment);
        }
        if data.sign_count != 0 {
            return Err(AppAttestError::Counter);
        }
        point.as_slice().try_into().map_err(|_| AppAttestError::Key)
    }
}

impl AppAssertion<'_> {
    /// Verifies it; the counter, which is to be kept.
    ///
    /// # Errors
    /// [`AppAttestError`].
    pub fn verify(&self) -> Result<u32, AppAttestError> {
        let (signature, data) = self.read().ok_or(AppAttestError::Malformed)?;
        let key = Key::Ec(Curve::P256, self.public_key.to_vec());
        let nonce = Sha256::digest([data.as_slice(), self.client_data_hash].concat());
        if !key.signed(Scheme::Ecdsa(Hash::Sha256), &nonce, &signature) {
            return Err(AppAttestError::Signature);
        }
        let [app @ .., _flags, a, b, c, d] = &data;
        if *app != <[u8; 32]>::from(Sha256::digest(self.app_id)) {
            return Err(AppAttestError::App);
        }
        let counter = u32::from_be_bytes([*a, *b, *c, *d]);
        if counter <= self.counter {
            return Err(AppAttestError::Counter);
        }
        Ok(counter)
    }

    /// The signature, and authenticator data that claims to have an attested credential and has none.
    fn read(&self) -> Option<(Vec<u8>, [u8; 37])> {
        if self.object.len() > LONGEST {
            return None;
        }
        let mut members = Members::of(cbor::decode(self.object)?)?;
        let signature = members.text("signature")?.into_bytes().ok()?;
        let data = members.text("authenticatorData")?.into_bytes().ok()?.try_into().ok()?;
        members.end().map(|()| (signature, data))
    }
}

impl Environment {
    const fn aaguid(self) -> [u8; 16] {
        match self {
            Self::Production => *b"appattest\0\0\0\0\0\0\0",
            Self::Development => *b"appattestdevelop",
        }
    }
}

/// Of an assertion: a signature and authenticator data.
const LONGEST: usize = 1_024;
