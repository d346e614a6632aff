//! webauthn-rs, which nobody here wrote, is the relying party: user verification is required.

use webauthn_rs::prelude::*;

use super::*;

struct RelyingParty {
    webauthn: Webauthn,
    passkey: Option<Passkey>,
}

impl RelyingParty {
    fn new() -> Self {
        let origin = Url::parse("https://example.org").unwrap();
        let webauthn = WebauthnBuilder::new("example.org", &origin).unwrap().build().unwrap();
        RelyingParty { webauthn, passkey: None }
    }

    fn start_registration(&self) -> (Value, PasskeyRegistration) {
        let user = Uuid::from_bytes([7; 16]);
        let (challenge, state) = self.webauthn.start_passkey_registration(user, "alice", "Alice", None).unwrap();
        (public_key(&challenge), state)
    }

    fn accepts_registration(&self, response: &Value, state: &PasskeyRegistration) -> Option<Passkey> {
        let response: RegisterPublicKeyCredential = serde_json::from_value(response.clone()).ok()?;
        self.webauthn.finish_passkey_registration(&response, state).ok()
    }

    fn start_sign_in(&self) -> (Value, PasskeyAuthentication) {
        let passkeys = [self.passkey.clone().unwrap()];
        let (challenge, state) = self.webauthn.start_passkey_authentication(&passkeys).unwrap();
        (public_key(&challenge), state)
    }

    fn accepts_sign_in(&self, response: &Value, state: &PasskeyAuthentication) -> Option<AuthenticationResult> {
        let response: PublicKeyCredential = serde_json::from_value(response.clone()).ok()?;
        self.webauthn.finish_passkey_authentication(&response, state).ok()
    }
}

/// The library wraps its options as `navigator.credentials` takes them.
fn public_key(challenge: &impl serde::Serialize) -> Value {
    serde_json::to_value(challenge).unwrap()["publicKey"].take()
}

/// The response with one byte of a base64url member changed.
fn with_byte_changed(response: &Value, pointer: &str, position: usize) -> Value {
    let mut changed = bytes(response, pointer);
    changed[position] ^= 0x01;
    with(response.clone(), pointer, json!(data_encoding::BASE64URL_NOPAD.encode(&changed)))
}

#[test]
fn a_relying_party_accepts_both_devices_and_sees_the_backup_state() {
    let mut party = RelyingParty::new();
    let mut first = device();
    let (options, state) = party.start_registration();
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let registration = register(&mut first, &options);
    let passkey = party.accepts_registration(&registration, &state).unwrap();
    let stored = serde_json::to_value(&passkey).unwrap();
    assert_eq!(stored["cred"]["backup_eligible"], true);
    assert_eq!(stored["cred"]["backup_state"], false);
    party.passkey = Some(passkey);

    for (device, backed_up) in [(&mut synced(&first), true), (&mut first, false)] {
        let (options, state) = party.start_sign_in();
        assert_eq!(options["userVerification"], "required");
        let result = party.accepts_sign_in(&sign_in(device, &options), &state).unwrap();
        assert!(result.user_verified());
        assert!(result.backup_eligible());
        assert_eq!(result.backup_state(), backed_up);
        assert_eq!(result.counter(), 0);
    }
}

#[test]
fn a_registration_with_a_byte_changed_is_refused() {
    let party = RelyingParty::new();
    let (options, state) = party.start_registration();
    let registration = register(&mut device(), &options);
    assert!(party.accepts_registration(&registration, &state).is_some());
    // A "none" attestation signs nothing, so the AAGUID (bytes 67..83 of the object) and the
    // credential id can't be checked; what a relying party compares is all the rest.
    let object = bytes(&registration, "/response/attestationObject");
    let start = object.len() - bytes(&registration, "/response/authenticatorData").len();
    let (rp_id_hash, up_and_uv) = (start..start + 32, start + 32);
    for position in rp_id_hash.chain([up_and_uv]) {
        let changed = with_byte_changed(&registration, "/response/attestationObject", position);
        assert!(party.accepts_registration(&changed, &state).is_none(), "attestation object {position}");
    }
    // In the COSE key: -3, a byte string of 32 bytes. Extensions follow it.
    let public_key_y = object.windows(3).rposition(|window| window == [0x22, 0x58, 0x20]).unwrap() + 34;
    let changed = with_byte_changed(&registration, "/response/attestationObject", public_key_y);
    assert!(party.accepts_registration(&changed, &state).is_none(), "public key");
    for position in 0..bytes(&registration, "/response/clientDataJSON").len() {
        let changed = with_byte_changed(&registration, "/response/clientDataJSON", position);
        let client_data = bytes(&changed, "/response/clientDataJSON");
        if party.accepts_registration(&changed, &state).is_some() {
            // "crossOrigin" misspelt is a member that nobody knows.
            assert!(!client_data.windows(13).any(|window| window == b"\"crossOrigin\""), "client data {position}");
        }
    }
}

#[test]
fn an_assertion_with_any_byte_changed_is_refused() {
    let mut party = RelyingParty::new();
    let mut device = device();
    let (options, state) = party.start_registration();
    party.passkey = party.accepts_registration(&register(&mut device, &options), &state);
    let (options, state) = party.start_sign_in();
    let assertion = sign_in(&mut device, &options);
    assert!(party.accepts_sign_in(&assertion, &state).is_some());
    for member in ["/response/authenticatorData", "/response/clientDataJSON", "/response/signature"] {
        for position in 0..bytes(&assertion, member).len() {
            let changed = with_byte_changed(&assertion, member, position);
            assert!(party.accepts_sign_in(&changed, &state).is_none(), "{member} {position}");
        }
    }
    let changed = with_byte_changed(&assertion, "/rawId", 0);
    assert!(party.accepts_sign_in(&changed, &state).is_none());
}

#[test]
fn a_device_that_did_not_verify_its_user_is_refused() {
    let party = RelyingParty::new();
    let (options, state) = party.start_registration();
    let options = with(options, "/authenticatorSelection/userVerification", json!("discouraged"));
    let mut present = |_: &Prompt<'_>| Answer::Present { account: 0 };
    let registration = create_as(&mut device(), "https://example.org", &mut present, &options).unwrap();
    assert!(party.accepts_registration(&registration, &state).is_none());
}
