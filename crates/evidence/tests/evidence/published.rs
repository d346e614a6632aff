//! Every registration and sign-in that W3C publishes.

use keyfold_evidence::{
    Aaguid, Asked, Assertion, Attestation, Credential, CredentialKeyError, Frames, Protection, Registered,
    Registration, RegistrationError, Roots, UserVerification,
    attestation::{AttestationError, Kind},
};
use serde_json::Value;

use crate::world::{Tenant, flipped, now};

pub(crate) struct Published {
    pub(crate) name: String,
    vector: Value,
    pub(crate) challenge: Vec<u8>,
    pub(crate) object: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
}

impl Published {
    fn file() -> Value {
        serde_json::from_str(include_str!("../../../../tests/data/webauthn-l3-attestation.json")).unwrap()
    }

    pub(crate) fn root() -> Vec<u8> {
        hex(&Self::file()["attestation_root"])
    }

    fn all() -> (Roots, Vec<Self>) {
        let of_vector = |vector: &Value| Self {
            name: vector["name"].as_str().unwrap().to_owned(),
            challenge: hex(&vector["registration"]["challenge"]),
            object: hex(&vector["registration"]["attestation_object"]),
            client_data: hex(&vector["registration"]["client_data_json"]),
            vector: vector.clone(),
        };
        let all = Self::file()["vectors"].as_array().unwrap().iter().map(of_vector).collect();
        (Roots::trust(&[Self::root()]).unwrap(), all)
    }

    pub(crate) fn of(name: &str) -> (Roots, Self) {
        let (roots, all) = Self::all();
        (roots, all.into_iter().find(|published| published.name == name).unwrap())
    }

    pub(crate) fn credential_id(&self) -> Vec<u8> {
        hex(&self.vector["credential_id"])
    }

    pub(crate) fn registered(&self, object: &[u8], roots: &Roots) -> Result<Registered, RegistrationError> {
        let registration = Registration { attestation_object: object, client_data_json: &self.client_data };
        registration.verify_any(&asked(&self.challenge), &Tenant::new().authority(), roots, now())
    }
}

fn asked(challenge: &[u8]) -> Asked<'_> {
    Asked {
        rp_id: "example.org",
        origins: &["https://example.org"],
        challenge,
        user_verification: UserVerification::Optional,
        frames: Frames::In(&["https://example.com"]),
    }
}

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn what_w3c_publishes_registers_and_signs_in() {
    let (roots, all) = Published::all();
    assert_eq!(all.len(), 15);
    for published in all {
        let (name, vector) = (&published.name, &published.vector);
        let made = match (name.as_str(), published.registered(&published.object, &roots)) {
            ("packed-ed448", refused) => {
                let expected = RegistrationError::PublicKey(CredentialKeyError::Algorithm(-53));
                assert_eq!(refused.unwrap_err(), expected);
                continue;
            }
            // Its device says of the key neither how it came to be nor what it is for, which §8.4 wants, and all else before that.
            ("android-key-es256", refused) => {
                assert_eq!(refused.unwrap_err(), RegistrationError::Other(AttestationError::Origin));
                let registration =
                    Registration { attestation_object: &published.object, client_data_json: &published.client_data };
                registration.verify(&asked(&published.challenge), &Tenant::new().authority(), now()).unwrap()
            }
            (_, made) => made.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        assert_eq!(made.credential_id, published.credential_id(), "{name}");
        assert_eq!(made.aaguid.0.as_slice(), hex(&vector["aaguid"]), "{name}");
        assert_eq!(told(&made), expected(name, made.aaguid), "{name}");

        let signing_in = &vector["authentication"];
        let (challenge, client_data) = (hex(&signing_in["challenge"]), hex(&signing_in["client_data_json"]));
        let assertion = Assertion {
            credential_id: &made.credential_id,
            authenticator_data: &hex(&signing_in["authenticator_data"]),
            client_data_json: &client_data,
            signature: &hex(&signing_in["signature"]),
        };
        let credential = Credential {
            id: &made.credential_id,
            public_key: &made.public_key,
            backup_eligible: made.flags.backup_eligible(),
            sign_count: made.sign_count,
        };
        let authority = Tenant::new().authority();
        let signed_in = assertion.verify(&asked(&challenge), &credential, &authority, now());
        signed_in.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

type Told = (&'static str, Option<Kind>, Option<Aaguid>, Option<Protection>);

fn told(made: &Registered) -> Told {
    match &made.attestation {
        Attestation::None => ("none", None, None, None),
        Attestation::Own => ("own", None, None, None),
        Attestation::Model(model) => ("model", Some(model.kind), model.aaguid, model.protection),
        Attestation::Other { .. } => ("other", None, None, None),
        Attestation::Keyfold(_) => ("keyfold", None, None, None),
    }
}

fn expected(name: &str, aaguid: Aaguid) -> Told {
    match name.split('-').next().unwrap() {
        "none" => ("none", None, None, None),
        "packed" if name == "packed-self-es256" => ("own", None, None, None),
        "packed" => ("model", Some(Kind::Basic), Some(aaguid), None),
        // That key is one that may leave its TPM.
        "tpm" => ("model", Some(Kind::AttestationCa), Some(aaguid), Some(Protection::Software)),
        "android" => ("other", None, None, None),
        "apple" => ("model", Some(Kind::AnonymizationCa), Some(aaguid), None),
        _ => ("model", Some(Kind::Basic), None, None),
    }
}

#[test]
fn threat_evidence_no_bit_of_another_makers_attestation_can_be_changed() {
    for name in ["packed-es256", "packed-es512", "tpm-es256", "apple-es256"] {
        let (roots, published) = Published::of(name);
        let made = published.registered(&published.object, &roots).unwrap();
        assert!(matches!(made.attestation, Attestation::Model(_)), "{name}");
        for damaged in flipped(&published.object) {
            let made = published.registered(&damaged, &roots);
            assert!(!made.is_ok_and(|made| matches!(made.attestation, Attestation::Model(_))), "{name}");
        }
    }
}

#[test]
fn threat_evidence_a_security_key_of_u2f_vouches_for_no_model() {
    let (roots, published) = Published::of("fido-u2f-es256");
    let was = published.registered(&published.object, &roots).unwrap();
    let mut passed = 0;
    for damaged in flipped(&published.object) {
        let Ok(made) = published.registered(&damaged, &roots) else { continue };
        let Attestation::Model(model) = &made.attestation else { continue };
        // What its signature does not cover is not told: flags, counter, AAGUID.
        assert_eq!((model.aaguid, &made.credential_id, &made.public_key), (None, &was.credential_id, &was.public_key));
        passed += 1;
    }
    assert!((128..=8 * 21).contains(&passed), "{passed}");
}
