use keyfold_evidence::{Authority, AuthorityError, Class, Leaf, LeafError, UnixMillis, issue::Revocation};

use crate::world::{TODAY, Tenant, evidence_key, now, serial};

fn point() -> [u8; 65] {
    crate::world::point(&evidence_key())
}

#[test]
fn a_root_vouches_for_those_that_it_has_signed() {
    let (tenant, other) = (Tenant::new(), Tenant::new());
    assert!(Authority::trust(&tenant.root, &[&tenant.issuer], None, now()).is_ok());
    let refused = Authority::trust(&tenant.root, &[&tenant.issuer, &other.issuer], None, now());
    assert_eq!(refused.unwrap_err(), AuthorityError::Issuer(1));
    // One that issues leaves is no root, and a root is none that issues leaves.
    let refused = Authority::trust(&tenant.issuer, &[&tenant.issuer], None, now());
    assert_eq!(refused.unwrap_err(), AuthorityError::Root);
    let refused = Authority::trust(&tenant.root, &[&tenant.root], None, now());
    assert_eq!(refused.unwrap_err(), AuthorityError::Issuer(0));
    let none: [&[u8]; 0] = [];
    assert_eq!(Authority::trust(&tenant.root, &none, None, now()).unwrap_err(), AuthorityError::NoIssuer);
}

#[test]
fn threat_evidence_what_a_root_has_taken_back_issues_nothing() {
    let tenant = Tenant::new();
    let (newer, issuing) = Tenant::another(&tenant.of_root, 9, TODAY..TODAY.plus(90));
    let tomorrow = TODAY.plus(1).begins();
    let taken_back = [Revocation { serial: serial(2), at: now() }];
    let list = tenant.of_root.revoked(1, &taken_back, TODAY.begins(), tomorrow).unwrap();
    let authority = Authority::trust(&tenant.root, &[&tenant.issuer, &newer], Some(&list), now()).unwrap();
    let old = tenant.leaf(Class::Synced, point());
    assert_eq!(Leaf::verify(&old, &authority, now()).unwrap_err(), LeafError::Untrusted);
    let claims = crate::world::claims(Class::Synced);
    let new = issuing.leaf(serial(3), TODAY..TODAY.plus(7), &claims, point()).unwrap();
    assert!(Leaf::verify(&new, &authority, now()).is_ok());

    // A list that is too old, or of another root, or damaged, is not passed over.
    let stale = Authority::trust(&tenant.root, &[&newer], Some(&list), UnixMillis(tomorrow.0 + 1_000));
    assert_eq!(stale.unwrap_err(), AuthorityError::RevokedStale);
    // Nor does one that was in time once count for ever.
    let after = UnixMillis(tomorrow.0 + 1_000);
    assert_eq!(Leaf::verify(&new, &authority, after).unwrap_err(), LeafError::Untrusted);
    let none = tenant.of_root.revoked(2, &[], TODAY.begins(), tomorrow).unwrap();
    assert!(Authority::trust(&tenant.root, &[&tenant.issuer], Some(&none), now()).is_ok());
    let other = Tenant::new().of_root.revoked(1, &[], TODAY.begins(), tomorrow).unwrap();
    let foreign = Authority::trust(&tenant.root, &[&newer], Some(&other), now());
    assert_eq!(foreign.unwrap_err(), AuthorityError::Revoked);
    let all = Authority::trust(&tenant.root, &[&tenant.issuer], Some(&list), now());
    assert_eq!(all.unwrap_err(), AuthorityError::NoIssuer);
}

#[test]
fn threat_evidence_whoever_issues_counts_for_as_long_as_its_certificate() {
    let tenant = Tenant::new();
    let (short, issuing) = Tenant::another(&tenant.of_root, 9, TODAY..TODAY.plus(1));
    let authority = Authority::trust(&tenant.root, &[&short], None, now()).unwrap();
    let claims = crate::world::claims(Class::Synced);
    let leaf = issuing.leaf(serial(3), TODAY..TODAY.plus(7), &claims, point()).unwrap();
    assert!(Leaf::verify(&leaf, &authority, now()).is_ok());
    let later = TODAY.plus(2).begins();
    assert_eq!(Leaf::verify(&leaf, &authority, later).unwrap_err(), LeafError::Untrusted);
}
