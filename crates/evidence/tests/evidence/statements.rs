use std::collections::BTreeSet;

use keyfold_evidence::{
    BlindTag, Class, Day, Known, LeafError, Scope, SignedStatement, Statement, StatementError, UnixMillis,
    device::{Signed, message},
    statement::{MAX_STATEMENT, message_of_credential, message_of_evidence},
};
use sha2::{Digest, Sha256};

use crate::world::{Passkey, RP_ID, TODAY, Tenant, flipped, now};

fn tag(passkey: &Passkey) -> BlindTag {
    BlindTag::of(RP_ID, &passkey.id, passkey.public_key.as_cose())
}

fn known(passkey: &Passkey) -> Known<'_> {
    Known { rp_id: RP_ID, credential_id: &passkey.id, public_key: &passkey.public_key }
}

fn stated(passkey: &Passkey) -> Statement {
    Statement { tag: tag(passkey), class: passkey.class, scope: Scope::Account, day: TODAY }
}

fn by_credential(passkey: &Passkey, statement: &Statement) -> Option<Vec<u8>> {
    Some(passkey.signs(&message_of_credential(&statement.encode())))
}

fn by_device(passkey: &Passkey, statement: &Statement) -> Option<(Vec<u8>, [u8; 64])> {
    let leaf_hash = Sha256::digest(&passkey.leaf).into();
    Some((passkey.leaf.clone(), passkey.vouches(&message_of_evidence(&leaf_hash, &statement.encode()))))
}

#[test]
fn a_statement_is_verified_by_whoever_knows_the_passkey() {
    let tenant = Tenant::new();
    for class in Class::ALL {
        let passkey = Passkey::new(class, |key| tenant.leaf(class, key));
        let statement = stated(&passkey);
        let both = (by_credential(&passkey, &statement), by_device(&passkey, &statement));
        for (credential, device) in [both.clone(), (both.0, None), (None, both.1)] {
            let signed = SignedStatement::new(&statement, credential.clone(), device.clone());
            let read = SignedStatement::decode(&signed.encode()).unwrap();
            assert_eq!((read.tag(), &read), (statement.tag, &signed));
            let verified = read.verify(&known(&passkey), &tenant.authority(), now()).unwrap();
            assert_eq!(verified.statement, statement);
            assert_eq!((verified.is_by_credential, verified.leaf.is_some()), (credential.is_some(), device.is_some()));
        }
    }
}

#[test]
fn threat_evidence_a_stranger_who_saw_the_credential_id_states_nothing_of_it() {
    let tenant = Tenant::new();
    let new = || Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let (passkey, stranger) = (new(), new());
    // Without the passkey's public key there is no tag, and with it no signature.
    let guessed = BlindTag::of(RP_ID, &passkey.id, stranger.public_key.as_cose());
    assert_ne!(guessed, tag(&passkey));
    let lie = Statement { class: Class::DeviceBound, ..stated(&passkey) };
    let verify = |signed: SignedStatement| {
        signed.verify(&known(&passkey), &tenant.authority(), now()).map(|verified| verified.statement)
    };
    let forged = SignedStatement::new(&lie, by_credential(&stranger, &lie), None);
    assert_eq!(verify(forged), Err(StatementError::Signature));
    let of_another = SignedStatement::new(&stated(&stranger), by_credential(&stranger, &stated(&stranger)), None);
    assert_eq!(verify(of_another), Err(StatementError::Tag));
    // A device of the tenant may state what it likes, but only of its leaf's class, and as its own word.
    let of_class = SignedStatement::new(&lie, None, by_device(&stranger, &lie));
    assert_eq!(verify(of_class), Err(StatementError::Class));
}

#[test]
fn a_statement_under_a_leaf_that_nobody_vouches_for_is_the_passkeys_own_word_or_none() {
    let (tenant, other) = (Tenant::new(), Tenant::new());
    let passkey = Passkey::new(Class::Synced, |key| other.leaf(Class::Synced, key));
    let statement = stated(&passkey);
    let (credential, device) = (by_credential(&passkey, &statement), by_device(&passkey, &statement));
    let verify = |credential: Option<Vec<u8>>, device: Option<(Vec<u8>, [u8; 64])>| {
        SignedStatement::new(&statement, credential, device).verify(&known(&passkey), &tenant.authority(), now())
    };
    let verified = verify(credential.clone(), device.clone()).unwrap();
    assert_eq!((verified.statement, verified.is_by_credential), (statement, true));
    assert!(verified.leaf.is_none());
    assert_eq!(verified.leaf_refused, Some(LeafError::Untrusted));
    assert_eq!(verify(None, device.clone()).unwrap_err(), StatementError::Leaf(LeafError::Untrusted));
    // What was changed on its way is no word of the passkey's maker, though the passkey's own signature holds.
    let (leaf, signature) = device.unwrap();
    for changed in flipped(&leaf) {
        assert!(verify(credential.clone(), Some((changed, signature))).is_err());
    }
    for changed in flipped(&signature) {
        let changed = (leaf.clone(), changed.try_into().unwrap());
        assert_eq!(verify(credential.clone(), Some(changed)).unwrap_err(), StatementError::Signature);
    }
}

#[test]
fn threat_evidence_what_signs_one_thing_signs_nothing_else() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let statement = stated(&passkey);
    let leaf_hash = Sha256::digest(&passkey.leaf).into();
    // What the evidence key signed of an assertion, and of an attestation: over the statement's own bytes, and over its message.
    let other =
        Signed { rp_id_hash: &[0; 32], flags: 1, credential_id: &statement.encode(), client_data_hash: &[0; 32] };
    let (of_assertion, bare) = (message(&leaf_hash, &other), statement.encode());
    for signed in [&of_assertion, &bare, &message_of_credential(&bare)] {
        let evidence = Some((passkey.leaf.clone(), passkey.vouches(signed)));
        let refused =
            SignedStatement::new(&statement, None, evidence).verify(&known(&passkey), &tenant.authority(), now());
        assert_eq!(refused.unwrap_err(), StatementError::Signature);
    }
    for signed in [&of_assertion, &bare, &message_of_evidence(&leaf_hash, &bare)] {
        let credential = Some(passkey.signs(signed));
        let refused =
            SignedStatement::new(&statement, credential, None).verify(&known(&passkey), &tenant.authority(), now());
        assert_eq!(refused.unwrap_err(), StatementError::Signature);
    }
    // The messages of each begin with 32 bytes of ASCII that the others do not begin with, nor the SHA-256 of an RP id.
    let begins: BTreeSet<Vec<u8>> =
        [of_assertion, message_of_credential(&bare), message_of_evidence(&leaf_hash, &bare)]
            .map(|message| message[..32].to_vec())
            .into();
    assert_eq!(begins.len(), 3);
    assert!(begins.iter().all(|begin| begin.is_ascii()));
}

#[test]
fn a_statement_outlives_its_leaf_and_is_of_a_day_on_which_that_counted() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let verified = |day: Day, at: UnixMillis| {
        let statement = Statement { day, ..stated(&passkey) };
        let signed = SignedStatement::new(&statement, None, by_device(&passkey, &statement));
        signed.verify(&known(&passkey), &tenant.authority(), at).map(drop)
    };
    let later = TODAY.plus(60).begins();
    assert_eq!(verified(TODAY, later), Ok(()));
    assert_eq!(verified(TODAY.plus(6), later), Ok(()));
    assert_eq!(verified(TODAY.plus(7), later), Err(StatementError::Leaf(LeafError::NotNow)));
    assert_eq!(verified(Day(0), later), Err(StatementError::Leaf(LeafError::NotNow)));
    assert_eq!(verified(TODAY.plus(1), now()), Err(StatementError::NotYet));
}

#[test]
fn what_is_no_statement_is_refused() {
    let tenant = Tenant::new();
    let passkey = Passkey::new(Class::Synced, |key| tenant.leaf(Class::Synced, key));
    let statement = stated(&passkey);
    let unsigned = SignedStatement::new(&statement, None, None).encode();
    let longer =
        [SignedStatement::new(&statement, by_credential(&passkey, &statement), None).encode(), vec![0]].concat();
    for bytes in [&unsigned, &longer, &vec![0; MAX_STATEMENT + 1], &Vec::new()] {
        assert_eq!(SignedStatement::decode(bytes).unwrap_err(), StatementError::Malformed);
    }
}
