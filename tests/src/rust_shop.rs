use serde_json::Value;
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
};

/// A relying party on the crate `webauthn-rs`. It always requires user verification.
pub struct RustShop {
    webauthn: Webauthn,
    origin: String,
    passkeys: Vec<Passkey>,
    registration: Option<PasskeyRegistration>,
    sign_in: Option<PasskeyAuthentication>,
}

/// BE and BS as the library keeps them with a passkey.
#[derive(Debug, PartialEq, Eq)]
pub struct Backup {
    pub eligible: bool,
    pub state: bool,
}

impl RustShop {
    pub fn new(rp_id: &str) -> Self {
        let origin = format!("https://{rp_id}");
        let webauthn = WebauthnBuilder::new(rp_id, &Url::parse(&origin).unwrap()).unwrap().build().unwrap();
        Self { webauthn, origin, passkeys: Vec::new(), registration: None, sign_in: None }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `PublicKeyCredentialCreationOptionsJSON`
    pub fn registration_options(&mut self, user: &str) -> Value {
        let (challenge, state) =
            self.webauthn.start_passkey_registration(Uuid::from_bytes([7; 16]), user, user, None).unwrap();
        self.registration = Some(state);
        public_key(serde_json::to_value(challenge).unwrap())
    }

    /// What the library keeps of the passkey, if it accepts the response.
    pub fn judge_registration(&self, response: &Value) -> Option<Backup> {
        self.finish_registration(response).map(|passkey| Backup::of(&passkey))
    }

    /// Keeps the passkey; panics unless the library accepts it.
    #[track_caller]
    pub fn register(&mut self, response: &Value) -> Backup {
        let passkey = self.finish_registration(response).expect("refused");
        self.passkeys.push(passkey.clone());
        Backup::of(&passkey)
    }

    /// `PublicKeyCredentialRequestOptionsJSON`
    pub fn sign_in_options(&mut self) -> Value {
        let (challenge, state) = self.webauthn.start_passkey_authentication(&self.passkeys).unwrap();
        self.sign_in = Some(state);
        public_key(serde_json::to_value(challenge).unwrap())
    }

    /// The library's findings, if it accepts the response.
    pub fn judge_sign_in(&self, response: &Value) -> Option<AuthenticationResult> {
        let response: PublicKeyCredential = serde_json::from_value(response.clone()).ok()?;
        self.webauthn.finish_passkey_authentication(&response, self.sign_in.as_ref().unwrap()).ok()
    }

    fn finish_registration(&self, response: &Value) -> Option<Passkey> {
        let response: RegisterPublicKeyCredential = serde_json::from_value(response.clone()).ok()?;
        self.webauthn.finish_passkey_registration(&response, self.registration.as_ref().unwrap()).ok()
    }
}

impl Backup {
    fn of(passkey: &Passkey) -> Self {
        let kept = serde_json::to_value(passkey).unwrap();
        let flag = |name: &str| kept["cred"][name].as_bool().unwrap();
        Self { eligible: flag("backup_eligible"), state: flag("backup_state") }
    }
}

/// The library wraps its options as `navigator.credentials` takes them.
fn public_key(mut challenge: Value) -> Value {
    challenge["publicKey"].take()
}
