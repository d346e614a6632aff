//! Apps on Apple devices: what real ones say, and what nobody may make them say.

use ciborium::Value;
use data_encoding::BASE64;
use keyfold_evidence::{
    PathError, Roots, UnixMillis,
    hardware::{AppAssertion, AppAttestError, AppAttestation, Environment},
};
use rcgen::{CustomExtension, KeyPair, SigningKey};
use sha2::{Digest, Sha256};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::world::{Maker, dated, flipped, map, now, tlv, vectors, x5c};

/// One of several things that a file tells of a device.
struct Told(String);

impl Told {
    fn all(file: &str) -> Vec<Self> {
        let text = std::fs::read_to_string(vectors("app-attest").join(file)).unwrap();
        text.split("\n---\n").map(|part| Self(part.to_owned())).collect()
    }

    fn of(&self, name: &str) -> &str {
        let found = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("{name}")).trim_matches('\'')
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        BASE64.decode(self.of(name).as_bytes()).unwrap()
    }

    fn app_id(&self) -> String {
        format!("{}.{}", self.of("teamIdentifier"), self.of("bundleIdentifier"))
    }

    fn at(&self) -> UnixMillis {
        let at = OffsetDateTime::parse(self.of("timestamp"), &Rfc3339).unwrap();
        UnixMillis(u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap())
    }
}

/// "Apple App Attestation Root CA", as Apple publishes it.
fn apple() -> Roots {
    Roots::trust(&[BASE64.decode(APPLE.as_bytes()).unwrap()]).unwrap()
}

#[test]
fn real_apps_are_attested_and_sign_in() {
    let mut assertions = 0;
    for file in ["ios-14.2.yaml", "ios-14.3-beta-2.yaml", "ios-14.3.yaml"] {
        let all = Told::all(file);
        let of_kind = |kind: &'static str| all.iter().filter(move |told| told.of("type") == kind);
        let told = of_kind("attestation").next().unwrap();
        let (object, app_id) = (told.bytes("attestationBase64"), told.app_id());
        let key_id = told.bytes("keyIdBase64").try_into().unwrap();
        let client_data_hash = told.bytes("clientDataHashSha256Base64").try_into().unwrap();
        let attestation = AppAttestation {
            object: &object,
            app_id: &app_id,
            key_id: &key_id,
            client_data_hash: &client_data_hash,
            environment: Environment::Development,
        };
        let public_key = attestation.verify(&apple(), told.at()).unwrap_or_else(|error| panic!("{file}: {error}"));
        // Their certificates live a few days.
        assert_eq!(attestation.verify(&apple(), now()), Err(PathError::NotNow.into()));
        assert_eq!(attestation.verify(&Maker::new().roots(), told.at()), Err(PathError::Untrusted.into()));
        let production = AppAttestation { environment: Environment::Production, ..attestation };
        assert_eq!(production.verify(&apple(), told.at()), Err(AppAttestError::Environment));
        for told in of_kind("assertion") {
            let (object, app_id) = (told.bytes("assertionBase64"), told.app_id());
            let client_data_hash = told.bytes("clientDataHashSha256Base64").try_into().unwrap();
            let counted: u32 = told.of("counter").parse().unwrap();
            let assertion = AppAssertion {
                object: &object,
                app_id: &app_id,
                public_key: &public_key,
                client_data_hash: &client_data_hash,
                counter: counted - 1,
            };
            assert_eq!(assertion.verify(), Ok(counted), "{file}");
            let again = AppAssertion { counter: counted, ..assertion };
            assert_eq!(again.verify(), Err(AppAttestError::Counter));
            assertions += 1;
        }
    }
    assert!(assertions >= 3);
}

/// An app of a maker's device.
struct App {
    maker: Maker,
    key: KeyPair,
    key_id: [u8; 32],
}

const APP: &str = "TEAM.example.app";
const CHALLENGE: [u8; 32] = [9; 32];

impl App {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        Self { maker: Maker::new(), key_id: Sha256::digest(key.public_key_raw()).into(), key }
    }

    fn data(&self, app_id: &str, aaguid: &[u8; 16], counter: u32, id: &[u8; 32]) -> Vec<u8> {
        let point = self.key.public_key_raw();
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &point[1..33], b"\x22\x58\x20", &point[33..]].concat();
        let hash = Sha256::digest(app_id);
        [hash.as_slice(), &[0x40], &counter.to_be_bytes(), aaguid, &[0, 32], id, &cose].concat()
    }

    /// By a certificate for these data and that challenge.
    fn object(&self, data: &[u8], challenge: &[u8; 32], certified: &KeyPair) -> Vec<u8> {
        let mut params = dated("App's key");
        let nonce = Sha256::digest([data, challenge].concat());
        let nonce = tlv(0x30, &[&tlv(0xa1, &[&tlv(4, &[&nonce])])]);
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 840, 113_635, 100, 8, 2], nonce)];
        let certificate = self.maker.issues(&params, certified);
        let statement = map(&[("x5c", x5c(&[&certificate])), ("receipt", Value::from(vec![1]))]);
        encoded(&map(&[("fmt", "apple-appattest".into()), ("attStmt", statement), ("authData", data.to_vec().into())]))
    }

    fn verify(&self, object: &[u8]) -> Result<[u8; 65], AppAttestError> {
        let attestation = AppAttestation {
            object,
            app_id: APP,
            key_id: &self.key_id,
            client_data_hash: &CHALLENGE,
            environment: Environment::Production,
        };
        attestation.verify(&self.maker.roots(), now())
    }

    fn says(&self, data: &[u8], client_data_hash: &[u8; 32]) -> Vec<u8> {
        let nonce = Sha256::digest([data, client_data_hash].concat());
        let signature = self.key.sign(&nonce).unwrap();
        encoded(&map(&[("signature", signature.into()), ("authenticatorData", data.to_vec().into())]))
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

const PRODUCTION: &[u8; 16] = b"appattest\0\0\0\0\0\0\0";

#[test]
fn threat_evidence_an_app_is_attested_for_this_challenge_this_key_and_itself() {
    let app = App::new();
    let good = app.data(APP, PRODUCTION, 0, &app.key_id);
    let object = app.object(&good, &CHALLENGE, &app.key);
    assert_eq!(app.verify(&object).unwrap(), app.key.public_key_raw());
    let with = |data: &[u8]| app.verify(&app.object(data, &CHALLENGE, &app.key));
    assert_eq!(app.verify(&app.object(&good, &[0; 32], &app.key)), Err(AppAttestError::Challenge));
    let other = KeyPair::generate().unwrap();
    assert_eq!(app.verify(&app.object(&good, &CHALLENGE, &other)), Err(AppAttestError::Key));
    assert_eq!(with(&app.data(APP, PRODUCTION, 0, &[0; 32])), Err(AppAttestError::Key));
    assert_eq!(with(&app.data("TEAM.other", PRODUCTION, 0, &app.key_id)), Err(AppAttestError::App));
    let development = app.data(APP, b"appattestdevelop", 0, &app.key_id);
    assert_eq!(with(&development), Err(AppAttestError::Environment));
    assert_eq!(with(&app.data(APP, PRODUCTION, 1, &app.key_id)), Err(AppAttestError::Counter));
    let receipt = object.windows(7).position(|at| at == b"receipt").unwrap();
    for (bit, damaged) in flipped(&object).enumerate() {
        // The receipt is Apple's, and for Apple.
        let is_of_receipt = (receipt + 7..receipt + 9).contains(&(bit / 8));
        assert!(is_of_receipt || app.verify(&damaged).is_err(), "{bit}");
    }
}

#[test]
fn threat_evidence_an_app_says_each_thing_once_and_to_whom_it_is_for() {
    let app = App::new();
    let public_key = app.key.public_key_raw().try_into().unwrap();
    let data = |counter: u32| [Sha256::digest(APP).as_slice(), &[0x40], &counter.to_be_bytes()].concat();
    let verify = |object: &[u8], app_id: &str, counter: u32| {
        let client_data_hash = &CHALLENGE;
        AppAssertion { object, app_id, public_key: &public_key, client_data_hash, counter }.verify()
    };
    let object = app.says(&data(5), &CHALLENGE);
    assert_eq!(verify(&object, APP, 4), Ok(5));
    assert_eq!(verify(&object, APP, 5), Err(AppAttestError::Counter));
    assert_eq!(verify(&object, "TEAM.other", 4), Err(AppAttestError::App));
    assert_eq!(verify(&app.says(&data(5), &[0; 32]), APP, 4), Err(AppAttestError::Signature));
    assert_eq!(verify(&App::new().says(&data(5), &CHALLENGE), APP, 4), Err(AppAttestError::Signature));
    for damaged in flipped(&object) {
        assert!(verify(&damaged, APP, 4).is_err());
    }
}

const APPLE: &str = concat!(
    "MIICITCCAaegAwIBAgIQC/O+DvHN0uD7jG5yH2IXmDAKBggqhkjOPQQDAzBSMSYwJAYDVQQDDB1BcHBsZSBBcHAgQXR0ZXN0YXRpb24gUm9vdC",
    "BDQTETMBEGA1UECgwKQXBwbGUgSW5jLjETMBEGA1UECAwKQ2FsaWZvcm5pYTAeFw0yMDAzMTgxODMyNTNaFw00NTAzMTUwMDAwMDBaMFIxJjAk",
    "BgNVBAMMHUFwcGxlIEFwcCBBdHRlc3RhdGlvbiBSb290IENBMRMwEQYDVQQKDApBcHBsZSBJbmMuMRMwEQYDVQQIDApDYWxpZm9ybmlhMHYwEA",
    "YHKoZIzj0CAQYFK4EEACIDYgAERTHhmLW07ATaFQIEVwTtT4dyctdhNbJhFs/Ii2FdCgAHGbpphY3+d8qjuDngIN3WVhQUBHAoMeQ/cLiP1sOU",
    "tgjqK9auYen1mMEvRq9Sk3Jm5X8U62H+xTD3FE9TgS41o0IwQDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBSskRBTM72+aEH/pwyp5frq5e",
    "WKoTAOBgNVHQ8BAf8EBAMCAQYwCgYIKoZIzj0EAwMDaAAwZQIwQgFGnByvsiVbpTKwSga0kP0e8EeDS4+sQmTvb7vn53O5+FRXgeLhpJ06ysC5",
    "PrOyAjEAp5U4xDgEgllF7En3VcE3iexZZtKeYnpqtijVoyFraWVIyd/dganmrduC1bmTBGwD",
);
