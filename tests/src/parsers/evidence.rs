//! What relying parties are shown.

use std::sync::LazyLock;

use keyfold_evidence::{
    Asked, Assertion, Attestation, Authority, Credential, CredentialKey, Expected, Frames, Keys, Known, Leaf,
    Registration, Report, SignedStatement, StatusList, UnixMillis, UserVerification,
    issue::{Issuer, Names, SerialNumber, TokenKey, root},
};
use rcgen::KeyPair;

/// Certificates and lists of revoked ones of whoever is no authority, beside the true ones and in their place.
pub fn evidence_certificate(bytes: &[u8]) {
    let none: [&[u8]; 0] = [];
    assert!(Leaf::verify(bytes, &TENANT.trusted, NOW).is_err());
    assert!(Authority::trust(bytes, &none, None, NOW).is_err());
    assert!(Authority::trust(&TENANT.root, &[bytes], None, NOW).is_err());
    assert!(Authority::trust(&TENANT.root, &[&TENANT.issuer], Some(bytes), NOW).is_err());
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
