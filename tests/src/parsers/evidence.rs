//! What relying parties are shown.

use std::sync::LazyLock;

use ciborium::Value;
use keyfold_evidence::{
    Asked, Assertion, Attestation, Authority, Credential, CredentialKey, Expected, Frames, Keys, Known, Leaf,
    Registration, Report, Roots, SignedStatement, StatusList, UnixMillis, UserVerification,
    attestation::{self, Verdict},
    hardware::{
        AndroidKey, AppAssertion, AppAttestation, AttestationKey, Endorsement, Environment, KeyDescription, Parent,
        Quote,
    },
    issue::{Issuer, Names, SerialNumber, TokenKey, root},
};
use rcgen::{CertificateParams, KeyPair, SigningKey};

/// Certificates and lists of revoked ones of whoever is no authority, beside the true ones and in their place.
pub fn evidence_certificate(bytes: &[u8]) {
    let none: [&[u8]; 0] = [];
    assert!(Leaf::verify(bytes, &TENANT.trusted, NOW).is_err());
    assert!(Authority::trust(bytes, &none, None, NOW).is_err());
    assert!(Authority::trust(&TENANT.root, &[bytes], None, NOW).is_err());
    assert!(Authority::trust(&TENANT.root, &[&TENANT.issuer], Some(bytes), NOW).is_err());
}

/// Attestation objects of other makers; and what is inside one of a TPM's, signed so that it is looked at.
pub fn evidence_attestation(bytes: &[u8]) {
    let verify = |format: &str, statement: &Value, authenticator_data: &[u8]| {
        let (roots, client_data_hash) = (Roots::default(), &[7; 32]);
        let statement = attestation::Statement { format, statement, authenticator_data, client_data_hash };
        assert!(!matches!(statement.verify(&roots, NOW), Ok(Verdict::Model(_))));
    };
    if let Ok(Value::Map(members)) = ciborium::from_reader::<Value, _>(bytes) {
        let member = |name: &str| members.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value);
        let data = member("authData").and_then(Value::as_bytes);
        if let (Some(format), Some(statement), Some(data)) = (member("fmt"), member("attStmt"), data) {
            let of_its_own = format.as_text().unwrap_or_default();
            for format in [of_its_own, "packed", "tpm", "android-key", "apple", "fido-u2f"] {
                verify(format, statement, data);
            }
        }
    }
    let members = [
        ("ver", "2.0".into()),
        ("alg", (-7).into()),
        ("x5c", Value::Array(vec![TPM.certificate.clone().into()])),
        ("sig", TPM.key.sign(bytes).unwrap().into()),
        ("certInfo", bytes.to_vec().into()),
        ("pubArea", bytes.to_vec().into()),
    ];
    let statement = Value::Map(members.map(|(name, value)| (name.into(), value)).to_vec());
    verify("tpm", &statement, &TPM.authenticator_data);
}

/// What devices' hardware says: descriptions of keys, chains (each certificate behind two bytes of length), apps' objects, public
/// areas, quotes.
pub fn evidence_hardware(bytes: &[u8]) {
    let _ = KeyDescription::parse(bytes);
    let roots = Roots::trust(&[bytes]).unwrap_or_default();
    let chain = chain(bytes);
    let _ = AndroidKey::verify(&chain, b"challenge", &roots, NOW);
    let _ = Endorsement::verify(bytes, &chain, &roots, NOW);
    let trusted = chain.last().and_then(|last| Roots::trust(&[last]).ok()).unwrap_or_default();
    let _ = AndroidKey::verify(&chain, b"challenge", &trusted, NOW);
    let (app_id, key_id, client_data_hash, environment) = ("TEAM.app", &[7; 32], &[7; 32], Environment::Production);
    let app = AppAttestation { object: bytes, app_id, key_id, client_data_hash, environment };
    assert!(app.verify(&Roots::default(), NOW).is_err());
    let said = AppAssertion { object: bytes, app_id, public_key: &TPM.point, client_data_hash, counter: 0 };
    assert!(said.verify().is_err());
    let _ = AttestationKey::parse(bytes, Parent::Key(bytes));
    let key = AttestationKey::parse(&TPM.area, Parent::Endorsement).unwrap();
    let signature = TPM.signature(bytes);
    let quote = Quote { attest: bytes, signature: &signature };
    let _ = quote.verify(&key, b"nonce", &[(0, [0; 32])]);
    assert!(Quote { attest: b"", signature: bytes }.verify(&key, b"nonce", &[]).is_err());
}

fn chain(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut chain = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        chain.push(rest[..length].to_vec());
        bytes = &rest[length..];
    }
    chain
}

/// Attestation objects, authenticator data, public keys and statements.
pub fn evidence_response(bytes: &[u8]) {
    let asked = Asked {
        rp_id: "shop.example",
        origins: &["https://shop.example"],
        challenge: b"challenge",
        user_verification: UserVerification::Optional,
        frames: Frames::In(&[]),
    };
    let client_data = |kind: &str| {
        format!(r#"{{"type":"webauthn.{kind}","challenge":"Y2hhbGxlbmdl","origin":"https://shop.example"}}"#)
            .into_bytes()
    };
    let registration = Registration { attestation_object: bytes, client_data_json: &client_data("create") };
    let made = registration.verify(&asked, &TENANT.trusted, NOW);
    assert!(!made.is_ok_and(|made| matches!(made.attestation, Attestation::Keyfold(_))));
    let credential = Credential { id: &[7; 32], public_key: &TENANT.passkey, backup_eligible: true, sign_count: 0 };
    for (authenticator_data, client_data_json) in [(bytes, client_data("get").as_slice()), (&[0; 37], bytes)] {
        let assertion =
            Assertion { credential_id: &[7; 32], authenticator_data, client_data_json, signature: &[0; 70] };
        assert!(assertion.verify(&asked, &credential, &TENANT.trusted, NOW).is_err());
    }
    if let Ok(key) = CredentialKey::parse(bytes) {
        assert_eq!(key.as_cose(), bytes);
    }
    if let Ok(statement) = SignedStatement::decode(bytes) {
        assert_eq!(statement.encode(), bytes);
        let known = Known { rp_id: "shop.example", credential_id: &[7; 32], public_key: &TENANT.passkey };
        assert!(statement.verify(&known, &TENANT.trusted, NOW).is_err());
    }
}

/// Reports, status lists, and the keys that are to verify them.
pub fn evidence_token(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    let expected = Expected {
        issuer: "https://keyfold.example",
        audience: "shop",
        nonce: "a-nonce-of-the-shop",
        rp_id: "shop.example",
        credential_id: &[7; 32],
    };
    if let Ok(keys) = Keys::from_json(bytes) {
        assert!(Report::verify("e30.e30.AAAA", &keys, &expected, NOW).is_err());
    }
    assert!(Report::verify(token, &TENANT.keys, &expected, NOW).is_err());
    assert!(StatusList::verify(token, "https://keyfold.example/1", &TENANT.keys, NOW).is_err());
}

/// Whom a relying party trusts, by keys that nobody else has.
struct Tenant {
    root: Vec<u8>,
    issuer: Vec<u8>,
    trusted: Authority,
    passkey: CredentialKey,
    keys: Keys,
}

/// A TPM that signs whatever it is given.
struct Tpm {
    key: KeyPair,
    certificate: Vec<u8>,
    point: [u8; 65],
    area: Vec<u8>,
    authenticator_data: Vec<u8>,
}

impl Tpm {
    /// `TPMT_SIGNATURE` by ECDSA with SHA-256.
    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let der = self.key.sign(message).unwrap();
        let length = usize::from(der[3]);
        let number = |number: &[u8]| {
            let number = number.strip_prefix(&[0]).unwrap_or(number);
            [&u16::try_from(number.len()).unwrap().to_be_bytes(), number].concat()
        };
        [b"\x00\x18\x00\x0b".as_slice(), &number(&der[4..4 + length]), &number(&der[6 + length..])].concat()
    }
}

static TPM: LazyLock<Tpm> = LazyLock::new(|| {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().der().to_vec();
    let point: [u8; 65] = key.public_key_raw().try_into().unwrap();
    let (x, y) = point[1..].split_at(32);
    let head = b"\x00\x23\x00\x0b\x00\x05\x00\x72\x00\x00\x00\x10\x00\x10\x00\x03\x00\x10\x00\x20";
    let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat();
    let data = [[0; 32].as_slice(), &[0x41], &[0; 4], &[0; 16], &[0, 4], b"cred", &cose].concat();
    Tpm { certificate, point, area: [head, x, &[0, 32], y].concat(), authenticator_data: data, key }
});

static TENANT: LazyLock<Tenant> = LazyLock::new(|| {
    let names = Names { country: "ZZ".to_owned(), organization: "Example tenant".to_owned() };
    let (root_key, issuer_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let days = NOW.day()..NOW.day().plus(7);
    let root = root(&names, SerialNumber([1; 16]), days.clone(), &root_key).unwrap();
    let of_root = Issuer::new(names, &root, root_key).unwrap();
    let issuer = of_root.intermediate(SerialNumber([2; 16]), days, &issuer_key).unwrap();
    let trusted = Authority::trust(&root, &[&issuer], None, NOW).unwrap();
    let point = issuer_key.public_key_raw();
    let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &point[1..33], b"\x22\x58\x20", &point[33..]].concat();
    let passkey = CredentialKey::parse(&cose).unwrap();
    let key = TokenKey::from_pkcs8(issuer_key.serialized_der()).unwrap();
    let keys = Keys::from_json(serde_json::json!({ "keys": [key.jwk()] }).to_string().as_bytes()).unwrap();
    Tenant { root, issuer, trusted, passkey, keys }
});

const NOW: UnixMillis = UnixMillis(1_796_126_400_000);
