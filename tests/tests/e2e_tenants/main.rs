//! An organisation vouches for its members' devices, and relying parties hear of it what they may.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod asked;
mod authority;
mod changes;
mod hostile_device;
mod joining;
mod nothing_in_common;
mod token;
mod told;

use data_encoding::BASE64URL_NOPAD;
use keyfold_tests::{Client, Device};
use serde_json::{Value, json};

/// A passkey as a shop keeps it, which asks its tenant what it is.
struct Passkey {
    rp_id: String,
    id: Value,
    public_key: Value,
    backup_eligible: Value,
}

impl Passkey {
    /// Registers with a device, asking for direct attestation; gives what the tenant says of it too.
    #[track_caller]
    fn registered(client: &Client, device: &Device, rp_id: &str) -> (Self, Value) {
        Self::told_of(client, registration(device, rp_id, "direct"), rp_id)
    }

    /// The same for one that stays on the device.
    #[track_caller]
    fn registered_bound(client: &Client, device: &Device, rp_id: &str) -> (Self, Value) {
        let (options, challenge) = creation(rp_id, "direct");
        let response = device.make_bound_passkey(&format!("https://{rp_id}"), &options);
        Self::told_of(client, (serde_json::from_str(&response).unwrap(), challenge), rp_id)
    }

    #[track_caller]
    fn told_of(client: &Client, (response, challenge): (Value, String), rp_id: &str) -> (Self, Value) {
        let asked = asked(rp_id, &challenge);
        let told = client.ask("/v1/rp/registrations", &json!({ "asked": asked, "response": response }));
        let told = told.told().clone();
        let credential = &told["credential"];
        let passkey = Self {
            rp_id: rp_id.to_owned(),
            id: credential["id"].clone(),
            public_key: credential["public_key"].clone(),
            backup_eligible: credential["backup_eligible"].clone(),
        };
        (passkey, told["verdict"].clone())
    }

    /// Signs in with a device; gives what the tenant says of it.
    #[track_caller]
    fn signs_in(&self, client: &Client, device: &Device) -> Value {
        let (response, challenge) = self.assertion(device);
        let question = self.question(&challenge, &response);
        client.ask("/v1/rp/assertions", &question).told().clone()
    }

    fn assertion(&self, device: &Device) -> (Value, String) {
        let challenge = challenge();
        let options = json!({ "challenge": challenge, "rpId": self.rp_id, "userVerification": "required",
            "allowCredentials": [{ "type": "public-key", "id": self.id }] });
        let response = device.sign_in(&format!("https://{}", self.rp_id), &options.to_string());
        (serde_json::from_str(&response).unwrap(), challenge)
    }

    fn question(&self, challenge: &str, response: &Value) -> Value {
        let credential =
            json!({ "public_key": self.public_key, "backup_eligible": self.backup_eligible, "sign_count": 0 });
        json!({ "asked": asked(&self.rp_id, challenge), "credential": credential, "response": response })
    }

    /// How it is asked about.
    fn known(&self) -> Value {
        json!({ "rp_id": self.rp_id, "credential_id": self.id, "public_key": self.public_key })
    }

    /// What is reported of it.
    #[track_caller]
    fn reported(&self, client: &Client) -> Value {
        client.report(&self.known()).claims()["keyfold"].clone()
    }
}

/// A registration with a device, and its challenge.
fn registration(device: &Device, rp_id: &str, attestation: &str) -> (Value, String) {
    let (options, challenge) = creation(rp_id, attestation);
    let response = device.make_passkey(&format!("https://{rp_id}"), &options);
    (serde_json::from_str(&response).unwrap(), challenge)
}

/// `PublicKeyCredentialCreationOptionsJSON` and its challenge.
fn creation(rp_id: &str, attestation: &str) -> (String, String) {
    let challenge = challenge();
    let options = json!({
        "rp": { "id": rp_id, "name": rp_id },
        "user": { "id": BASE64URL_NOPAD.encode(challenge.as_bytes()), "name": "ana", "displayName": "Ana" },
        "challenge": challenge,
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        "attestation": attestation,
    });
    (options.to_string(), challenge)
}

fn asked(rp_id: &str, challenge: &str) -> Value {
    json!({ "rp_id": rp_id, "origins": [format!("https://{rp_id}")], "challenge": challenge })
}

fn challenge() -> String {
    let mut bytes = [0; 32];
    getrandom(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

fn getrandom(bytes: &mut [u8]) {
    use rand_core::Rng;
    keyfold_client::random::system().fill_bytes(bytes);
}

/// The codes of a verdict's reasons.
fn reasons(verdict: &Value) -> Vec<&str> {
    verdict["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

/// Waits until a device has no leaf that counts, and gets none: each server hears within a second of what is revoked.
#[track_caller]
fn nobody_issues(device: &Device) {
    within_seconds(|| {
        device.run(&["tenant", "report"]);
        device.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"] == 0
    });
}

/// Waits for something that comes within seconds by itself; panics if it does not.
#[track_caller]
fn within_seconds(mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !holds() {
        assert!(std::time::Instant::now() < end, "it did not come within five seconds");
    }
}
