//! Whoever verifies without any code of Keyfold's: jwcrypto, cryptography and py_webauthn (`tests/outsiders/verify.py`).

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::SystemTime,
};

use data_encoding::BASE64URL_NOPAD;
use keyfold_evidence::{
    Attestation, BlindTag, Class, Protection, Scope, SignedStatement, Statement, Status, UnixMillis,
    issue::{
        MetadataBlob, MetadataKey, MetadataStatement, TokenKey, aaguid_of_get_info, metadata_root, metadata_signer,
    },
    statement::{message_of_credential, message_of_evidence},
    status_list::{Packed, StatusListClaims},
};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    published::Published,
    tokens,
    world::{CHALLENGE, Passkey, RP_ID, Tenant, claims, flipped, names, serial},
};

#[test]
fn an_outsider_verifies_all_that_a_relying_party_receives() {
    // Their libraries read the machine's clock.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = UnixMillis(u64::try_from(now.as_millis()).unwrap());
    for class in Class::ALL {
        let received = received(class, now);
        verified(&received);
        for broken in broken(&received) {
            refused(&broken);
        }
        // Metadata has a root of its own: who has a leaf signs none.
        let mut under_the_tenants = received.clone();
        under_the_tenants["metadata_root"] = received["root"].clone();
        refused(&under_the_tenants);
    }
}

fn received(class: Class, now: UnixMillis) -> Value {
    let tenant = Tenant::since(now.day());
    let leaf = |key: [u8; 65]| tenant.leaf_of(&claims(class), now.day()..now.day().plus(7), key);
    let passkey = Passkey::new(class, leaf);
    let shop = passkey.signs_in();
    let (attestation_object, client_data_json) =
        passkey.registers(|passkey, signed| passkey.packed_with(signed, &[&tenant.issuer]));

    let statement = stated(&passkey, now);
    let key = TokenKey::from_pkcs8(KeyPair::generate().unwrap().serialized_der()).unwrap();
    let report = tokens::report(class);
    let reference = &report.status.status_list;
    let statuses = [Status::Valid; 5].into_iter().chain([Status::Suspended]).collect::<Vec<_>>();
    let list = StatusListClaims {
        sub: reference.uri.clone(),
        iat: now.seconds(),
        exp: now.seconds() + 600,
        ttl: 300,
        status_list: Packed::pack(&statuses),
    };
    let id = b64(&passkey.id);
    let (blob, metadata_root) = metadata(&tenant, now);
    json!({
        "jwks": { "keys": [key.jwk()] },
        "report": key.report(&report).unwrap(),
        "nonce": report.eat_nonce,
        "audience": report.aud,
        "class": class,
        "status_list": key.status_list(&list).unwrap(),
        "status": 2,
        "root": b64(&tenant.root),
        "issuer": b64(&tenant.issuer),
        "leaf": b64(&passkey.leaf),
        "metadata": blob,
        "metadata_root": b64(&metadata_root),
        "is_synced": class == Class::Synced,
        "aaguid": b64(&class.aaguid().0),
        "rp_id": RP_ID,
        "origin": "https://shop.example",
        "challenge": b64(CHALLENGE),
        "credential_id": id,
        "public_key": b64(passkey.public_key.as_cose()),
        "authenticator_data": b64(&shop.authenticator_data),
        "client_data": b64(&shop.client_data),
        "statement": b64(&statement.encode()),
        "registration": {
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": {
                "attestationObject": b64(&attestation_object),
                "clientDataJSON": b64(&client_data_json),
            },
        },
    })
}

/// What the device states of it, with both signatures.
fn stated(passkey: &Passkey, now: UnixMillis) -> SignedStatement {
    let tag = BlindTag::of(RP_ID, &passkey.id, passkey.public_key.as_cose());
    let stated = Statement { tag, class: passkey.class, scope: Scope::Account, day: now.day() };
    let leaf_hash = Sha256::digest(&passkey.leaf).into();
    let by_device = passkey.vouches(&message_of_evidence(&leaf_hash, &stated.encode()));
    let by_credential = passkey.signs(&message_of_credential(&stated.encode()));
    SignedStatement::new(&stated, Some(by_credential), Some((passkey.leaf.clone(), by_device)))
}

/// What the tenant publishes of its authenticators, and the root of that alone.
fn metadata(tenant: &Tenant, now: UnixMillis) -> (String, Vec<u8>) {
    let statement = |class: Class| {
        let get_info = json!({ "versions": ["FIDO_2_0", "FIDO_2_1"], "aaguid": aaguid_of_get_info(class.aaguid()) });
        MetadataStatement::new(class, &[Protection::Software, Protection::Tpm], get_info, &[&tenant.root])
    };
    let blob = MetadataBlob::new(7, now.day(), now.day().plus(30), Class::ALL.map(statement).to_vec());
    let days = || now.day()..now.day().plus(90);
    let root_key = KeyPair::generate().unwrap();
    let root = metadata_root(&names(), serial(5), days(), &root_key).unwrap();
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let signer = metadata_signer(&names(), (&root, root_key), serial(6), days(), &key).unwrap();
    let key = MetadataKey::from_pem(&key.serialize_pem()).unwrap();
    (key.sign(&blob, &[&signer]).unwrap(), root)
}

/// Each with one thing changed, so that it is known that the outsider looks at it.
fn broken(received: &Value) -> Vec<Value> {
    let other = self::received(Class::Synced, UnixMillis(1_800_000_000_000));
    let of_another =
        ["jwks", "root", "issuer", "leaf", "public_key", "authenticator_data", "statement", "status_list", "metadata"];
    let changed = of_another.map(|name| {
        let mut broken = received.clone();
        broken[name] = other[name].clone();
        broken
    });
    changed.into()
}

fn verified(received: &Value) {
    let (is_verified, said) = outsider(received);
    assert!(is_verified, "{said}");
}

fn refused(received: &Value) {
    assert!(!outsider(received).0);
}

fn outsider(received: &Value) -> (bool, String) {
    let ended = asked_of("verify.py", received);
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

fn asked_of(script: &str, given: &Value) -> Output {
    let built = env::current_exe().unwrap();
    let python = env::var_os("KEYFOLD_PYTHON")
        .map_or_else(|| built.ancestors().nth(3).unwrap().join("venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "{} is missing: run tests/run, which makes it", python.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/outsiders").join(script);
    let mut outsider = Command::new(python);
    outsider.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut outsider = outsider.spawn().unwrap();
    outsider.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    outsider.wait_with_output().unwrap()
}

/// Of the forms that it knows as W3C publishes them: it wants makers of TPMs by name, and no AAGUID of a U2F key.
#[test]
fn an_outsider_thinks_the_same_of_other_makers_attestations_whole_and_damaged() {
    let names = ["packed-self-es256", "packed-es256", "packed-es512", "packed-rs256", "packed-eddsa", "apple-es256"];
    let (mut asked, mut ours) = (Vec::new(), Vec::new());
    for name in names {
        let (roots, published) = Published::of(name);
        // A prime number apart, so that each part has some.
        let damaged = flipped(&published.object).step_by(61);
        let objects: Vec<_> = std::iter::once(published.object.clone()).chain(damaged).collect();
        let is_vouched_for = |object: &Vec<u8>| {
            let made = published.registered(object, &roots);
            made.is_ok_and(|made| matches!(made.attestation, Attestation::Own | Attestation::Model(_)))
        };
        ours.push(objects.iter().map(is_vouched_for).collect::<Vec<_>>());
        asked.push(json!({
            "credential_id": b64(&published.credential_id()),
            "challenge": b64(&published.challenge),
            "client_data": b64(&published.client_data),
            "objects": objects.iter().map(|object| b64(object)).collect::<Vec<_>>(),
        }));
    }
    let given = json!({ "root": b64(&Published::root()), "registrations": asked });
    let ended = asked_of("attestations.py", &given);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let theirs: Vec<Vec<bool>> = serde_json::from_slice(&ended.stdout).unwrap();
    for ((name, ours), theirs) in names.iter().zip(&ours).zip(&theirs) {
        assert!(ours[0] && theirs[0], "{name}");
        assert_eq!(ours, theirs, "{name}");
    }
}

fn b64(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
