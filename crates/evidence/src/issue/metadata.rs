//! Metadata statements of both models, and the signed BLOB that holds them (FIDO Metadata Statement 3.1, FIDO Metadata Service 3.1).

use std::collections::BTreeSet;

use data_encoding::BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::Value;

use super::TokenKeyError;
use crate::{Aaguid, Class, Day, Protection, jose::provide};

/// What is said of one model.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataStatement {
    legal_header: &'static str,
    aaguid: String,
    description: &'static str,
    authenticator_version: u32,
    protocol_family: &'static str,
    schema: u16,
    upv: Vec<Version>,
    authentication_algorithms: Vec<&'static str>,
    public_key_alg_and_encodings: Vec<&'static str>,
    attestation_types: Vec<&'static str>,
    user_verification_details: Vec<Vec<Method>>,
    key_protection: Vec<&'static str>,
    matcher_protection: Vec<&'static str>,
    crypto_strength: u16,
    attachment_hint: Vec<&'static str>,
    tc_display: Vec<&'static str>,
    attestation_root_certificates: Vec<String>,
    authenticator_get_info: Value,
    multi_device_credential_support: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct Version {
    major: u16,
    minor: u16,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    user_verification_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_desc: Option<CodeAccuracy>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeAccuracy {
    base: u16,
    min_length: u16,
    max_retries: u16,
    block_slowdown: u16,
}

/// What the BLOB says (MDS §3.1.6).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataBlob {
    legal_header: &'static str,
    no: u64,
    next_update: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: String,
    metadata_statement: MetadataStatement,
    status_reports: Vec<StatusReport>,
    time_of_last_status_change: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusReport {
    status: &'static str,
    effective_date: String,
}

impl MetadataStatement {
    /// Of a class whose keys are protected in one of these ways. `get_info` is what such an authenticator answers to
    /// authenticatorGetInfo, in the form of MDS §3.12, and `roots` (DER) are those under which it attests.
    #[must_use]
    pub fn new(class: Class, protections: &[Protection], get_info: Value, roots: &[impl AsRef<[u8]>]) -> Self {
        Self {
            legal_header: LEGAL,
            aaguid: class.aaguid().to_string(),
            description: match class {
                Class::Synced => "Keyfold: synced passkeys",
                Class::DeviceBound => "Keyfold: device-bound passkeys",
            },
            authenticator_version: 1,
            protocol_family: "fido2",
            schema: 3,
            upv: vec![Version { major: 1, minor: 0 }, Version { major: 1, minor: 1 }],
            authentication_algorithms: vec![
                "secp256r1_ecdsa_sha256_raw",
                "ed25519_eddsa_sha512_raw",
                "secp384r1_ecdsa_sha384_raw",
            ],
            public_key_alg_and_encodings: vec!["cose"],
            // A leaf is pairwise to the relying party: its authority sees to it that it says nothing of the device.
            // Its own word, which it gives to programs that ask over CTAP, shows nothing.
            attestation_types: vec!["anonca"],
            user_verification_details: vec![
                vec![Method { user_verification_method: "passcode_external", ca_desc: Some(PIN) }],
                vec![Method { user_verification_method: "passcode_external", ca_desc: Some(PASSPHRASE) }],
                vec![Method { user_verification_method: "presence_internal", ca_desc: None }],
            ],
            key_protection: names_of(protections),
            matcher_protection: vec!["software"],
            crypto_strength: 128,
            attachment_hint: vec!["internal"],
            // It confirms no transactions.
            tc_display: Vec::new(),
            attestation_root_certificates: roots.iter().map(|root| BASE64.encode(root.as_ref())).collect(),
            authenticator_get_info: get_info,
            multi_device_credential_support: match class {
                Class::Synced => "implicit",
                Class::DeviceBound => "unsupported",
            },
        }
    }
}

impl MetadataBlob {
    /// The BLOB with number `no`, which is higher than any before, in force since `since`. Whoever uses it fetches another by `next`.
    #[must_use]
    pub fn new(no: u64, since: Day, next: Day, statements: Vec<MetadataStatement>) -> Self {
        let entry = |statement: MetadataStatement| Entry {
            aaguid: statement.aaguid.clone(),
            metadata_statement: statement,
            // Nobody has certified it.
            status_reports: vec![StatusReport { status: "NOT_FIDO_CERTIFIED", effective_date: since.to_string() }],
            time_of_last_status_change: since.to_string(),
        };
        let entries = statements.into_iter().map(entry).collect();
        Self { legal_header: LEGAL, no, next_update: next.to_string(), entries }
    }
}

/// A key that metadata is signed with, by RS256, as FIDO's own is: not every reader knows another algorithm.
pub struct MetadataKey(EncodingKey);

impl MetadataKey {
    /// Of an RSA private key of 2,048 bits or more (PKCS #8, PEM).
    ///
    /// # Errors
    /// If it is none.
    pub fn from_pem(pem: &str) -> Result<Self, TokenKeyError> {
        provide();
        Ok(Self(EncodingKey::from_rsa_pem(pem.as_bytes())?))
    }

    /// Signs a BLOB (MDS §3.1.7); `path` (DER) leads from this key's certificate to one that the root has signed.
    ///
    /// # Errors
    /// [`TokenKeyError`].
    pub fn sign(&self, blob: &MetadataBlob, path: &[impl AsRef<[u8]>]) -> Result<String, TokenKeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.x5c = Some(path.iter().map(|der| BASE64.encode(der.as_ref())).collect());
        Ok(jsonwebtoken::encode(&header, blob, &self.0)?)
    }
}

/// As authenticatorGetInfo has it in a metadata statement: hexadecimal digits alone.
#[must_use]
pub fn aaguid_of_get_info(aaguid: Aaguid) -> String {
    data_encoding::HEXLOWER.encode(&aaguid.0)
}

/// FIDO Registry §3.2: what is in hardware says in which.
fn names_of(protections: &[Protection]) -> Vec<&'static str> {
    let of = |protection: &Protection| match protection {
        Protection::Software => ["software"].as_slice(),
        Protection::Tee => &["hardware", "tee"],
        Protection::Tpm | Protection::SecureElement => &["hardware", "secure_element"],
    };
    let names: BTreeSet<&'static str> =
        protections.iter().flat_map(|protection| of(protection).iter().copied()).collect();
    names.into_iter().collect()
}

/// CTAP 2.1's: eight tries, then a reset.
const PIN: CodeAccuracy = CodeAccuracy { base: 94, min_length: 4, max_retries: 8, block_slowdown: 0 };
/// The vault's: after five tries each waits, longer and longer, up to a quarter of an hour.
const PASSPHRASE: CodeAccuracy = CodeAccuracy { base: 94, min_length: 8, max_retries: 5, block_slowdown: 5 };
const LEGAL: &str = "Metadata of this tenant's Keyfold authenticators, made and signed by the tenant. It is not from the FIDO Alliance.";
