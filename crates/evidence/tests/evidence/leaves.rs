use keyfold_evidence::{
    Class, Compliance, Leaf, LeafClaims, LeafError, MAX_LEAF, Protection, StatusReference, UnixMillis,
    issue::LeafNotIssued,
};

use x509_cert::{
    certificate::Certificate,
    der::{Decode, asn1::ObjectIdentifier},
};

use crate::world::{TODAY, Tenant, claims, evidence_key, now, point, serial};

#[test]
fn a_leaf_says_what_its_authority_knows_of_the_device() {
    let tenant = Tenant::new();
    let key = point(&evidence_key());
    for class in Class::ALL {
        for protection in Protection::ALL {
            for compliance in Compliance::ALL {
                let said = LeafClaims { protection, compliance, ..claims(class) };
                let leaf = tenant.leaf_of(&said, TODAY..TODAY.plus(7), key);
                let leaf = Leaf::verify(&leaf, &tenant.authority(), now()).unwrap();
                assert_eq!(leaf.claims(), &said);
                assert_eq!(leaf.public_key(), &key);
                assert_eq!(leaf.expires(), TODAY.plus(7).begins());
            }
        }
    }
}

#[test]
fn a_leaf_counts_on_its_days() {
    let tenant = Tenant::new();
    let leaf = tenant.leaf(Class::Synced, point(&evidence_key()));
    let authority = tenant.authority();
    let at = |moment: UnixMillis| Leaf::verify(&leaf, &authority, moment).map(drop);
    assert_eq!(at(UnixMillis(TODAY.begins().0 - 1)), Err(LeafError::NotNow));
    assert_eq!(at(TODAY.begins()), Ok(()));
    assert_eq!(at(UnixMillis(TODAY.plus(7).begins().0 - 1)), Ok(()));
    assert_eq!(at(TODAY.plus(7).begins()), Err(LeafError::NotNow));
}

#[test]
fn a_leaf_of_another_tenant_says_nothing() {
    let (tenant, other) = (Tenant::new(), Tenant::new());
    let leaf = other.leaf(Class::Synced, point(&evidence_key()));
    assert_eq!(Leaf::verify(&leaf, &tenant.authority(), now()).unwrap_err(), LeafError::Untrusted);
    // Nor does an authority's own certificate.
    let refused = Leaf::verify(&tenant.issuer, &tenant.authority(), now()).unwrap_err();
    assert_eq!(refused, LeafError::Malformed);
}

#[test]
fn leaves_of_a_day_differ_in_nothing_but_their_number_key_place_and_signature() {
    let tenant = Tenant::new();
    let leaf = || Certificate::from_der(&tenant.leaf(Class::Synced, point(&evidence_key()))).unwrap();
    let (one, other) = (leaf(), leaf());
    let said = |leaf: &Certificate| {
        let tbs = leaf.tbs_certificate();
        // The key's identifier is a hash of the key.
        let told = tbs.extensions().unwrap().iter().filter(|extension| extension.extn_id != KEY_IDENTIFIER);
        let extensions: Vec<_> = told.cloned().collect();
        (tbs.issuer().clone(), tbs.subject().clone(), *tbs.validity(), extensions)
    };
    assert_eq!(said(&one), said(&other));
    assert_ne!(one.tbs_certificate().subject_public_key_info(), other.tbs_certificate().subject_public_key_info());
}

#[test]
fn a_leaf_that_authenticator_data_could_not_carry_is_not_issued() {
    let tenant = Tenant::new();
    let (_, issuing) = Tenant::another(&tenant.of_root, 9, TODAY..TODAY.plus(90));
    let long = LeafClaims {
        status: StatusReference { index: 0, uri: format!("https://{}.example/", "a".repeat(MAX_LEAF)) },
        ..claims(Class::Synced)
    };
    let key = point(&evidence_key());
    let refused = issuing.leaf(serial(3), TODAY..TODAY.plus(7), &long, key);
    assert!(matches!(refused, Err(LeafNotIssued::TooLong)));
    let refused = issuing.leaf(serial(3), TODAY..TODAY.plus(32), &claims(Class::Synced), key);
    assert!(matches!(refused, Err(LeafNotIssued::TooManyDays)));
}

const KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
