//! The test vectors of WebAuthn Level 3, for each ES256 and EdDSA credential whose private key is
//! published: authenticator data byte for byte, and the published signature.

use data_encoding::HEXLOWER;
use ring::digest;
use serde_json::Value;

use crate::authenticator_data::{AttestedCredential, AuthenticatorData, Flags};
use crate::testing::{Script, example_org, registration_of, user};
use crate::*;

struct Vector(Value);

#[test]
fn registrations_are_reproduced_byte_for_byte() {
    for vector in vectors() {
        let name = vector.name();
        let ours = match vector.fits_a_passkey() {
            true => vector.register().1.attestation_object().unwrap(),
            false => attestation_object(&vector.encode_registration()),
        };
        let published = vector.bytes("/registration/attestation_object");
        assert_eq!(authenticator_data_of(&ours), authenticator_data_of(&published), "{name}");
        if name.starts_with("none") {
            assert_eq!(ours, published, "{name}");
        }
    }
}

#[test]
fn assertions_are_reproduced_byte_for_byte() {
    for vector in vectors() {
        let ours = match vector.fits_a_passkey() {
            true => vector.sign_in().authenticator_data,
            false => vector.encode_assertion(),
        };
        assert_eq!(ours, vector.bytes("/authentication/authenticator_data"), "{}", vector.name());
    }
}

#[test]
fn published_signatures_and_our_own_verify() {
    for vector in vectors() {
        let public_key = vector.private_key().public_key().clone();
        let client_data_hash = sha256(&vector.bytes("/authentication/client_data_json"));
        let mut message = vector.bytes("/authentication/authenticator_data");
        message.extend(client_data_hash);
        let published = vector.bytes("/authentication/signature");
        assert!(verifies(&public_key, &message, &published), "{}", vector.name());
        let ours = vector.private_key().sign(&message, &mut Script::endless()).unwrap();
        assert!(verifies(&public_key, &message, &ours), "{}", vector.name());
        message[0] ^= 1;
        assert!(!verifies(&public_key, &message, &published), "{}", vector.name());
        assert!(!verifies(&public_key, &message, &ours), "{}", vector.name());
    }
}

fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("../../../tests/data/webauthn-l3.json")).unwrap();
    let vectors: Vec<Vector> = file["vectors"].as_array().unwrap().iter().cloned().map(Vector).collect();
    assert_eq!(vectors.len(), 7, "six of ES256, one of EdDSA");
    vectors
}

impl Vector {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn bytes(&self, pointer: &str) -> Vec<u8> {
        HEXLOWER.decode(self.0.pointer(pointer).unwrap().as_str().unwrap().as_bytes()).unwrap()
    }

    fn is(&self, pointer: &str) -> bool {
        self.0.pointer(pointer).unwrap().as_bool().unwrap()
    }

    /// One vector has a credential id of 1023 bytes: authenticator data can hold it, a passkey not.
    fn fits_a_passkey(&self) -> bool {
        CredentialId::try_from(self.bytes("/credential_id").as_slice()).is_ok()
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::from_cose_id(self.0["algorithm"].as_i64().unwrap()).unwrap()
    }

    fn private_key(&self) -> PrivateKey {
        let bytes: [u8; 32] = self.bytes("/private_key").try_into().unwrap();
        PrivateKey::from_bytes(self.algorithm(), &bytes).unwrap()
    }

    fn model(&self) -> Model {
        let aaguid: [u8; 16] = self.bytes("/aaguid").try_into().unwrap();
        let backup_eligibility = match self.is("/backup_eligible") {
            true => BackupEligibility::Eligible,
            false => BackupEligibility::NotEligible,
        };
        Model { aaguid: aaguid.into(), backup_eligibility }
    }

    fn backup_state(&self, ceremony: &str) -> BackupState {
        match self.is(&format!("/{ceremony}/backed_up")) {
            true => BackupState::BackedUp,
            false => BackupState::NotBackedUp,
        }
    }

    fn answer(&self, ceremony: &str) -> Answer {
        match self.is(&format!("/{ceremony}/user_verified")) {
            true => Answer::Verified { account: 0 },
            false => Answer::Present { account: 0 },
        }
    }

    /// The whole ceremony, with the vector's credential id and key for randomness.
    fn register(&self) -> (MemoryStore, Attestation) {
        let script = Script::endless();
        let store = MemoryStore::reporting(self.backup_state("registration"));
        let mut authenticator = Authenticator::new(self.model(), store, script.clone());
        script.then(&[&self.bytes("/credential_id"), &self.bytes("/private_key")]);
        let request = MakeCredential {
            client_data_hash: sha256(&self.bytes("/registration/client_data_json")),
            algorithms: vec![self.algorithm().cose_id()],
            verification: VerificationRequirement::Preferred,
            ..registration_of(user(1, "alice"))
        };
        let mut user = |_: &Prompt<'_>| self.answer("registration");
        let attestation = authenticator.make_credential(&request, &mut user, UnixMillis(0)).unwrap();
        (authenticator.into_store(), attestation)
    }

    fn sign_in(&self) -> Assertion {
        let mut store = MemoryStore::reporting(self.backup_state("authentication"));
        store.save(self.register().0.passkeys()[0], None, &[]).unwrap();
        let request = GetAssertion {
            client_data_hash: sha256(&self.bytes("/authentication/client_data_json")),
            verification: VerificationRequirement::Preferred,
            ..GetAssertion::example()
        };
        let mut user = |_: &Prompt<'_>| self.answer("authentication");
        let mut authenticator = Authenticator::new(self.model(), store, Script::endless());
        authenticator.get_assertion(&request, &mut user, UnixMillis(0)).unwrap()
    }

    fn flags(&self, ceremony: &str) -> Flags {
        let backup = Flags::backup(self.model().backup_eligibility, self.backup_state(ceremony));
        match self.answer(ceremony) {
            Answer::Verified { .. } => Flags::UP | Flags::UV | backup,
            _ => Flags::UP | backup,
        }
    }

    fn encode_registration(&self) -> Vec<u8> {
        let private_key = self.private_key();
        let attested = AttestedCredential {
            aaguid: self.model().aaguid,
            credential_id: &self.bytes("/credential_id"),
            public_key: private_key.public_key(),
        };
        let rp_id = &example_org().id;
        let flags = self.flags("registration");
        AuthenticatorData { rp_id, flags, attested: Some(attested), extensions: None }.encode().unwrap()
    }

    fn encode_assertion(&self) -> Vec<u8> {
        let rp_id = &example_org().id;
        let flags = self.flags("authentication");
        AuthenticatorData { rp_id, flags, attested: None, extensions: None }.encode().unwrap()
    }
}

fn attestation_object(authenticator_data: &[u8]) -> Vec<u8> {
    cbor::encode(&cbor::text_map([
        ("fmt", ciborium::Value::from("none")),
        ("attStmt", ciborium::Value::Map(Vec::new())),
        ("authData", ciborium::Value::from(authenticator_data)),
    ]))
    .unwrap()
}

fn authenticator_data_of(attestation_object: &[u8]) -> Vec<u8> {
    let object = cbor::decode(attestation_object).unwrap();
    cbor::bytes(cbor::Fields::of(object).unwrap().required("authData").unwrap()).unwrap()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap()
}

fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm,
    };
    let algorithm: &dyn VerificationAlgorithm = match key.algorithm() {
        Algorithm::Es256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es384 => &ECDSA_P384_SHA384_ASN1,
        Algorithm::MlDsa44 => panic!("none is published"),
    };
    UnparsedPublicKey::new(algorithm, key.to_point()).verify(message, signature).is_ok()
}
