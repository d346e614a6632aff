use keyfold_evidence::{
    Assurance, Bucket, Class, Expected, Keys, PROFILE, Passkey, Protection, Report, ReportStatus, Scope, StatedBy,
    Status, StatusError, StatusList, StatusReference, TokenError, UnixMillis,
    issue::TokenKey,
    status_list::{Packed, StatusListClaims},
};
use rcgen::KeyPair;

use crate::world::{TODAY, now};

const TENANT: &str = "https://keyfold.example";
const LIST: &str = "https://keyfold.example/v1/rp/status/1";
const NONCE: &str = "a-nonce-that-nobody-foresaw";

fn key() -> TokenKey {
    TokenKey::from_pkcs8(KeyPair::generate().unwrap().serialized_der()).unwrap()
}

fn keys(of: &[&TokenKey]) -> Keys {
    let set = serde_json::json!({ "keys": of.iter().map(|key| key.jwk()).collect::<Vec<_>>() });
    Keys::from_json(set.to_string().as_bytes()).unwrap()
}

pub(crate) fn report(class: Class) -> Report {
    Report {
        iss: TENANT.to_owned(),
        aud: "shop".to_owned(),
        iat: now().seconds(),
        exp: now().seconds() + 600,
        eat_nonce: NONCE.to_owned(),
        eat_profile: PROFILE.to_owned(),
        status: ReportStatus { status_list: StatusReference { index: 5, uri: LIST.to_owned() } },
        keyfold: Passkey {
            rp_id: "shop.example".to_owned(),
            credential_id: "BwcH".to_owned(),
            class,
            backup_eligible: class.is_backup_eligible(),
            aaguid: class.aaguid().to_string(),
            scope: Scope::Account,
            created: TODAY,
            stated_by: StatedBy::CredentialAndDevice,
            conflict: false,
            protection: Some(Protection::Software),
            holders: Bucket::of(3),
            compliant_holders: Bucket::of(1),
            recovery_members: Bucket::of(0),
            exports: Bucket::of(12),
            assurance: Assurance::at_most(Class::Synced, Some(Protection::SecureElement)),
            statements: Vec::new(),
        },
    }
}

const EXPECTED: Expected<'_> =
    Expected { issuer: TENANT, audience: "shop", nonce: NONCE, rp_id: "shop.example", credential_id: &[7, 7, 7] };

#[test]
fn threat_evidence_a_report_is_for_whoever_asked_and_for_that_question() {
    let (key, other) = (key(), key());
    let token = key.report(&report(Class::Synced)).unwrap();
    let verify = |keys: &Keys, expected: &Expected<'_>, at: UnixMillis| Report::verify(&token, keys, expected, at);
    let trusted = keys(&[&other, &key]);
    assert_eq!(verify(&trusted, &EXPECTED, now()), Ok(report(Class::Synced)));
    assert_eq!(verify(&keys(&[&other]), &EXPECTED, now()), Err(TokenError::UnknownKey));
    let cases = [
        (Expected { issuer: "https://other.example", ..EXPECTED }, "iss"),
        (Expected { audience: "another-shop", ..EXPECTED }, "aud"),
        (Expected { nonce: "the nonce of yesterday", ..EXPECTED }, "eat_nonce"),
        (Expected { rp_id: "another.example", ..EXPECTED }, "keyfold"),
        (Expected { credential_id: &[8], ..EXPECTED }, "keyfold"),
    ];
    for (expected, claim) in cases {
        assert_eq!(verify(&trusted, &expected, now()), Err(TokenError::Claim(claim)));
    }
    // What contradicts itself is no report.
    for change in [
        |passkey: &mut Passkey| passkey.assurance = Assurance::Aal3,
        |passkey: &mut Passkey| passkey.backup_eligible = false,
        |passkey: &mut Passkey| passkey.class = Class::DeviceBound,
    ] {
        let mut changed = report(Class::Synced);
        change(&mut changed.keyfold);
        let token = key.report(&changed).unwrap();
        assert_eq!(Report::verify(&token, &trusted, &EXPECTED, now()), Err(TokenError::Claim("keyfold")));
    }
    let later = UnixMillis((now().seconds() + 600) * 1_000);
    assert_eq!(verify(&trusted, &EXPECTED, later), Err(TokenError::NotNow));
    let earlier = UnixMillis((now().seconds() - 61) * 1_000);
    assert_eq!(verify(&trusted, &EXPECTED, earlier), Err(TokenError::NotNow));
}

#[test]
fn threat_evidence_a_token_of_another_kind_or_another_key_of_that_name_is_no_report() {
    let (key, forger) = (key(), key());
    let trusted = keys(&[&key]);
    let list = StatusListClaims {
        sub: LIST.to_owned(),
        iat: now().seconds(),
        exp: now().seconds() + 600,
        ttl: 300,
        status_list: Packed::pack(&[Status::Valid]),
    };
    let list = key.status_list(&list).unwrap();
    assert_eq!(Report::verify(&list, &trusted, &EXPECTED, now()), Err(TokenError::Kind));
    // The head of a good one, the rest of another.
    let (good, forged) = (key.report(&report(Class::Synced)).unwrap(), forger.report(&report(Class::Synced)).unwrap());
    let rest = forged.split_once('.').unwrap().1;
    let mixed = format!("{}.{rest}", good.split_once('.').unwrap().0);
    assert_eq!(Report::verify(&mixed, &trusted, &EXPECTED, now()), Err(TokenError::Signature));
    // `alg: none`, and a secret that everybody knows.
    let payload = good.split('.').nth(1).unwrap();
    for head in [r#"{"alg":"none","typ":"eat+jwt"}"#, r#"{"alg":"HS256","typ":"eat+jwt"}"#] {
        let token = format!("{}.{payload}.AAAA", data_encoding::BASE64URL_NOPAD.encode(head.as_bytes()));
        assert!(Report::verify(&token, &trusted, &EXPECTED, now()).is_err());
    }
}

#[test]
fn a_status_list_says_what_still_holds() {
    let key = key();
    let trusted = keys(&[&key]);
    let claims = StatusListClaims {
        sub: LIST.to_owned(),
        iat: now().seconds(),
        exp: now().seconds() + 600,
        ttl: 300,
        status_list: Packed::pack(&[Status::Valid, Status::Suspended, Status::Invalid]),
    };
    let token = key.status_list(&claims).unwrap();
    let list = StatusList::verify(&token, LIST, &trusted, now()).unwrap();
    let at = |index: u32| list.status(&StatusReference { index, uri: LIST.to_owned() }, now());
    assert_eq!((at(0), at(1), at(2)), (Ok(Status::Valid), Ok(Status::Suspended), Ok(Status::Invalid)));
    assert_eq!(at(4), Err(StatusError::OutOfRange));
    assert_eq!(at(3), Err(StatusError::Unknown), "nobody has that place");
    let reference = StatusReference { index: 0, uri: LIST.to_owned() };
    let later = UnixMillis((now().seconds() + 600) * 1_000);
    assert_eq!(list.status(&reference, later), Err(StatusError::Stale));
    let elsewhere = StatusList::verify(&token, "https://keyfold.example/v1/rp/status/2", &trusted, now());
    assert_eq!(elsewhere, Err(TokenError::Claim("sub")));
    assert_eq!(StatusList::verify(&token, LIST, &trusted, later), Err(TokenError::NotNow));
}

#[test]
fn counts_are_told_in_buckets_and_synced_passkeys_never_reach_the_third_level() {
    let told = |count: usize| serde_json::to_string(&Bucket::of(count)).unwrap();
    assert_eq!(
        [0, 1, 2, 3, 4, 7, 8, 900].map(told),
        ["0", "1", "2-3", "2-3", "4-7", "4-7", "8+", "8+"].map(|bucket| format!("{bucket:?}"))
    );
    for protection in Protection::ALL {
        assert_eq!(Assurance::at_most(Class::Synced, Some(protection)), Assurance::Aal2);
    }
    assert_eq!(Assurance::at_most(Class::DeviceBound, Some(Protection::Tpm)), Assurance::Aal3);
    assert_eq!(Assurance::at_most(Class::DeviceBound, Some(Protection::Software)), Assurance::Aal2);
    assert_eq!(Assurance::at_most(Class::DeviceBound, None), Assurance::Aal2);
}
