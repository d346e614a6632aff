//! Each bit of everything that is verified, flipped.

use keyfold_evidence::{
    Attestation, BlindTag, Class, Device, Known, Leaf, Registration, Scope, SignedStatement, Statement,
    statement::{message_of_credential, message_of_evidence},
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::world::{Passkey, RP_ID, TODAY, Tenant, asked, flipped, now};

#[test]
fn no_bit_of_a_leaf_can_be_changed() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let authority = tenant.authority();
    for damaged in flipped(&passkey.leaf) {
        assert!(Leaf::verify(&damaged, &authority, now()).is_err());
    }
}

#[test]
fn no_bit_of_an_assertion_can_be_changed() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let (authority, credential) = (tenant.authority(), passkey.credential());
    let shop = passkey.signs_in();
    for authenticator_data in flipped(&shop.authenticator_data) {
        let assertion = keyfold_evidence::Assertion { authenticator_data: &authenticator_data, ..shop.assertion() };
        assert!(assertion.verify(&asked(), &credential, &authority, now()).is_err());
    }
    for client_data_json in flipped(&shop.client_data) {
        let assertion = keyfold_evidence::Assertion { client_data_json: &client_data_json, ..shop.assertion() };
        assert!(assertion.verify(&asked(), &credential, &authority, now()).is_err());
    }
    for signature in flipped(&shop.signature) {
        let assertion = keyfold_evidence::Assertion { signature: &signature, ..shop.assertion() };
        assert!(assertion.verify(&asked(), &credential, &authority, now()).is_err());
    }
    for credential_id in flipped(&shop.credential_id) {
        let assertion = keyfold_evidence::Assertion { credential_id: &credential_id, ..shop.assertion() };
        assert!(assertion.verify(&asked(), &credential, &authority, now()).is_err());
    }
    let signed_in = shop.assertion().verify(&asked(), &credential, &authority, now()).unwrap();
    assert!(matches!(signed_in.device, Device::Verified(_)));
}

#[test]
fn no_bit_of_a_registration_can_be_changed_that_its_attestation_covers() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let (attestation_object, client_data_json) = passkey.registers(Passkey::packed);
    for attestation_object in flipped(&attestation_object) {
        let registration =
            Registration { attestation_object: &attestation_object, client_data_json: &client_data_json };
        // Where the format, or the model, is not Keyfold's any more, nobody vouches for it.
        let verified = registration.verify(&asked(), &tenant.authority(), now());
        assert!(!verified.is_ok_and(|made| matches!(made.attestation, Attestation::Keyfold(_))));
    }
}

#[test]
fn no_bit_of_a_statement_can_be_changed() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let tag = BlindTag::of(RP_ID, &passkey.id, passkey.public_key.as_cose());
    let known = Known { rp_id: RP_ID, credential_id: &passkey.id, public_key: &passkey.public_key };
    let statement = Statement { tag, class: Class::Synced, scope: Scope::Account, day: TODAY };
    let leaf_hash = Sha256::digest(&passkey.leaf).into();
    let evidence = passkey.vouches(&message_of_evidence(&leaf_hash, &statement.encode()));
    let by_credential = passkey.signs(&message_of_credential(&statement.encode()));
    let signed = SignedStatement::new(&statement, Some(by_credential), Some((passkey.leaf.clone(), evidence)));
    for damaged in flipped(&signed.encode()) {
        let verified =
            SignedStatement::decode(&damaged).and_then(|read| read.verify(&known, &tenant.authority(), now()));
        assert!(verified.is_err());
    }
}

proptest! {
    #[test]
    fn bytes_that_nobody_signed_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let tenant = Tenant::new();
        let authority = tenant.authority();
        prop_assert!(Leaf::verify(&bytes, &authority, now()).is_err());
        prop_assert!(SignedStatement::decode(&bytes).is_err());
        let registration = Registration { attestation_object: &bytes, client_data_json: &bytes };
        prop_assert!(registration.verify(&asked(), &authority, now()).is_err());
    }
}
