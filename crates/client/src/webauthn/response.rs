//! The JSON that goes back to the relying party (WebAuthn §5.1, §5.2).

use keyfold_authenticator::{Assertion, Attestation, CredentialId, CtapError};
use serde::Serialize;

use super::base64url::Base64Url;
use super::client_data::ClientData;
use super::extensions::ExtensionOutputs;
use super::members::PUBLIC_KEY;

/// RegistrationResponseJSON; write it with serde.
///
/// It may hold `prf` results, which are secrets of the page's client side: `Debug` prints none of
/// it, and what serde writes is the caller's to protect.
#[derive(Clone, Serialize)]
pub struct RegistrationResponse(Credential<AttestationResponse>);

/// AuthenticationResponseJSON; write it with serde.
///
/// It may hold `prf` results, which are secrets of the page's client side: `Debug` prints none of
/// it, and what serde writes is the caller's to protect.
#[derive(Clone, Serialize)]
pub struct AuthenticationResponse(Credential<AssertionResponse>);

impl RegistrationResponse {
    pub(super) fn new(
        attestation: &Attestation,
        client_data: ClientData,
        extensions: ExtensionOutputs,
    ) -> Result<Self, CtapError> {
        let response = AttestationResponse {
            client_data: Base64Url(client_data.into_json()),
            authenticator_data: Base64Url(attestation.authenticator_data.clone()),
            transports: ["internal"],
            public_key: Base64Url(attestation.public_key.to_spki()),
            public_key_algorithm: attestation.public_key.algorithm().cose_id(),
            attestation_object: Base64Url(attestation.attestation_object()?),
        };
        Ok(RegistrationResponse(Credential::new(&attestation.credential_id, response, extensions)))
    }

    /// The id of the new passkey, raw.
    pub fn credential_id(&self) -> &[u8] {
        &self.0.raw_id.0
    }
}

impl AuthenticationResponse {
    pub(super) fn new(assertion: &Assertion, client_data: ClientData, extensions: ExtensionOutputs) -> Self {
        let response = AssertionResponse {
            client_data: Base64Url(client_data.into_json()),
            authenticator_data: Base64Url(assertion.authenticator_data.clone()),
            signature: Base64Url(assertion.signature.clone()),
            user_handle: assertion.user.as_ref().map(|user| Base64Url(user.handle.as_bytes().to_vec())),
        };
        AuthenticationResponse(Credential::new(&assertion.credential_id, response, extensions))
    }

    /// The id of the passkey that signed, raw.
    pub fn credential_id(&self) -> &[u8] {
        &self.0.raw_id.0
    }
}

impl std::fmt::Debug for RegistrationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegistrationResponse(..)")
    }
}

impl std::fmt::Debug for AuthenticationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthenticationResponse(..)")
    }
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Credential<T> {
    id: Base64Url,
    raw_id: Base64Url,
    response: T,
    authenticator_attachment: &'static str,
    client_extension_results: ExtensionOutputs,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<T> Credential<T> {
    fn new(id: &CredentialId, response: T, client_extension_results: ExtensionOutputs) -> Self {
        let id = Base64Url(id.as_bytes().to_vec());
        Credential {
            id: id.clone(),
            raw_id: id,
            response,
            authenticator_attachment: "platform",
            client_extension_results,
            kind: PUBLIC_KEY,
        }
    }
}

/// AuthenticatorAttestationResponseJSON.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: Base64Url,
    authenticator_data: Base64Url,
    transports: [&'static str; 1],
    public_key: Base64Url,
    public_key_algorithm: i64,
    attestation_object: Base64Url,
}

/// AuthenticatorAssertionResponseJSON.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: Base64Url,
    authenticator_data: Base64Url,
    signature: Base64Url,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_handle: Option<Base64Url>,
}
