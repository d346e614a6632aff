//! What a server could hand out in place of the bytes that a device made: each is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{
    Hash, MemberKeys, SigningAlgorithm, SigningKey, Unopenable, WrappingKey,
    envelope::{self, Envelope, EnvelopeError},
    epoch::{Epochs, SealContext},
    exact::Malformed,
    passphrase::{self, PassphraseError},
    random,
    signing::{self, SignatureError},
};
use keyfold_wire::{AccountId, ItemId, MemberId, v1};
use prost::Message;
use world::{ACCOUNT, CONTEXT, EPOCH, ITEM, epoch_key, open_sealed, seal_context, sealed, sealed_item};

#[test]
fn threat_03_a_sealed_epoch_key_opens_only_where_it_was_sealed_for() {
    let member = WrappingKey::generate(&mut random::system());
    let (context, sealed) = sealed(&member);
    assert_eq!(open_sealed(&member, &context, &sealed), Ok(epoch_key()));

    let moved = [
        SealContext { account: AccountId::new([9; 16]), ..context },
        SealContext { epoch: EPOCH + 1, ..context },
        SealContext { member: MemberId::new([9; 16]), ..context },
        SealContext { prev: Hash::new([9; 32]), ..context },
    ];
    for moved in moved {
        assert_eq!(open_sealed(&member, &moved, &sealed), Err(Unopenable), "{moved:?}");
    }
    let other = WrappingKey::generate(&mut random::system());
    assert_eq!(open_sealed(&other, &context, &sealed), Err(Unopenable), "another member's key");
}

#[test]
fn threat_03_a_key_that_opens_but_is_not_the_epochs_is_refused() {
    let member = WrappingKey::generate(&mut random::system());
    let context = seal_context();
    let forged = keyfold_crypto::EpochKey::new([0x66; 32]).seal(&member.public_key(), &context, &mut random::system());
    assert_eq!(open_sealed(&member, &context, &forged), Err(Unopenable));
}

#[test]
fn threat_03_a_link_opens_only_between_its_two_epochs_of_its_account() {
    let (earlier, epochs) = (keyfold_crypto::EpochKey::new([4; 32]), Epochs { epoch: EPOCH, earlier: EPOCH - 1 });
    let commitment = earlier.commitment(&ACCOUNT, epochs.earlier);
    let link = epoch_key().link(&ACCOUNT, epochs, &earlier, &mut random::system());
    assert_eq!(epoch_key().open_link(&ACCOUNT, epochs, &commitment, &link), Ok(earlier.clone()));

    let other = AccountId::new([9; 16]);
    let elsewhere = [
        epoch_key().open_link(&other, epochs, &earlier.commitment(&other, epochs.earlier), &link),
        epoch_key().open_link(&ACCOUNT, Epochs { epoch: EPOCH + 1, ..epochs }, &commitment, &link),
        epoch_key().open_link(&ACCOUNT, Epochs { earlier: 1, ..epochs }, &earlier.commitment(&ACCOUNT, 1), &link),
        epoch_key().open_link(&ACCOUNT, epochs, &epoch_key().commitment(&ACCOUNT, EPOCH), &link),
        earlier.open_link(&ACCOUNT, epochs, &commitment, &link),
        epoch_key().open_link(&ACCOUNT, epochs, &commitment, &link[..59]),
    ];
    assert_eq!(elsewhere.map(|opened| opened.err()), [Some(Unopenable); 6]);
}

#[test]
fn threat_03_an_envelope_moved_to_another_place_does_not_open() {
    let sealed = v1::Envelope::decode(&*sealed_item(b"item")).expect("decodes");
    let moved = [
        v1::Envelope { item: vec![9; 16], ..sealed.clone() },
        v1::Envelope { revision: CONTEXT.revision + 1, ..sealed.clone() },
        v1::Envelope { epoch: EPOCH + 1, ..sealed.clone() },
        v1::Envelope { at: CONTEXT.at - 1, ..sealed.clone() },
    ];
    for moved in moved {
        let parsed = Envelope::parse(ACCOUNT, &moved.encode_to_vec()).expect("well-formed");
        assert_eq!(parsed.open(&epoch_key()), Err(Unopenable));
    }
    let elsewhere = Envelope::parse(AccountId::new([9; 16]), &sealed.encode_to_vec()).expect("well-formed");
    assert_eq!(elsewhere.open(&epoch_key()), Err(Unopenable), "another account");
}

#[test]
fn threat_03_the_layers_of_two_envelopes_of_one_place_do_not_mix() {
    let [first, second] =
        [b"one", b"two"].map(|content| v1::Envelope::decode(&*sealed_item(content)).expect("decodes"));
    let mixed = [
        v1::Envelope { wrapped_key: second.wrapped_key.clone(), ..first.clone() },
        v1::Envelope { wrapped_key: second.wrapped_key, wrap_nonce: second.wrap_nonce, ..first.clone() },
        v1::Envelope { ciphertext: second.ciphertext.clone(), ..first.clone() },
        v1::Envelope { ciphertext: second.ciphertext, commitment: second.commitment, ..first },
    ];
    for mixed in mixed {
        let parsed = Envelope::parse(ACCOUNT, &mixed.encode_to_vec()).expect("well-formed");
        assert_eq!(parsed.open(&epoch_key()), Err(Unopenable));
    }
}

#[test]
fn threat_08_an_unknown_or_absent_suite_is_a_hard_error() {
    let sealed = v1::Envelope::decode(&*sealed_item(b"item")).expect("decodes");
    for suite in [0, 2, u32::MAX] {
        let bytes = v1::Envelope { suite, ..sealed.clone() }.encode_to_vec();
        assert_eq!(Envelope::parse(ACCOUNT, &bytes), Err(EnvelopeError::UnknownSuite(suite)));
    }
}

#[test]
fn threat_08_a_signature_algorithm_that_is_not_listed_makes_no_member() {
    let keys = world::member().1.to_wire();
    assert!(MemberKeys::try_from(&keys).is_ok());
    for algorithm in [0, 2, 3, -1, i32::MAX] {
        assert!(MemberKeys::try_from(&v1::MemberKeys { algorithm, ..keys.clone() }).is_err(), "{algorithm}");
    }
}

#[test]
fn threat_09_truncated_and_changed_ciphertext_is_one_indistinguishable_error() {
    let sealed = v1::Envelope::decode(&*sealed_item(b"item")).expect("decodes");
    let mut flipped = sealed.clone();
    flipped.ciphertext[0] ^= 1;
    let mut wrapped = sealed.clone();
    wrapped.wrapped_key[0] ^= 1;
    let mut committed = sealed.clone();
    committed.commitment[0] ^= 1;
    let mut nonce = sealed;
    nonce.wrap_nonce[0] ^= 1;
    let errors = [flipped, wrapped, committed, nonce].map(|changed| {
        let parsed = Envelope::parse(ACCOUNT, &changed.encode_to_vec()).expect("well-formed");
        parsed.open(&epoch_key()).expect_err("does not open").to_string()
    });
    assert_eq!(errors, ["cannot be opened"; 4]);

    let member = WrappingKey::generate(&mut random::system());
    let (context, sealed) = world::sealed(&member);
    for length in [0, 1, 1119, 1120, 1135, 1167] {
        assert_eq!(open_sealed(&member, &context, &sealed[..length]), Err(Unopenable), "{length} bytes");
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    assert_eq!(open_sealed(&member, &context, &longer), Err(Unopenable));
}

#[test]
fn threat_09_a_truncated_envelope_is_no_envelope() {
    let sealed = sealed_item(b"item");
    for length in 0..sealed.len() {
        assert!(Envelope::parse(ACCOUNT, &sealed[..length]).is_err(), "{length} bytes");
    }
    let too_long = vec![0; envelope::MAX_LEN + 1];
    let refused = EnvelopeError::Malformed(Malformed::TooLong { limit: envelope::MAX_LEN });
    assert_eq!(Envelope::parse(ACCOUNT, &too_long), Err(refused));
}

#[test]
fn threat_09_a_wrong_passphrase_and_changed_bytes_are_one_error() {
    let sealed = passphrase::seal(b"correct horse", b"secrets", &mut random::system()).expect("seals");
    assert_eq!(*passphrase::open(b"correct horse", &sealed).expect("opens"), b"secrets");
    let message = v1::SealedSecrets::decode(sealed.as_slice()).expect("decodes");
    let mut flipped = message.clone();
    flipped.ciphertext[0] ^= 1;
    let mut cut = message.clone();
    cut.ciphertext.truncate(3);
    let mut committed = message;
    committed.commitment[31] ^= 1;
    let errors = [
        passphrase::open(b"correct horsf", &sealed),
        passphrase::open(b"correct horse", &flipped.encode_to_vec()),
        passphrase::open(b"correct horse", &cut.encode_to_vec()),
        passphrase::open(b"correct horse", &committed.encode_to_vec()),
    ];
    assert_eq!(errors.map(|opened| opened.err()), [Some(PassphraseError::WrongPassphrase); 4]);
}

#[test]
fn threat_20_a_signature_of_one_namespace_is_none_in_another() {
    for algorithm in [SigningAlgorithm::Ed25519, SigningAlgorithm::Es256] {
        let key = SigningKey::generate(algorithm, &mut random::system());
        let public = key.verifying_key();
        // A SessionOpen and an AccountDelete share their first three fields: these bytes are either.
        let body =
            v1::SessionOpen { suite: 1, account: ACCOUNT.to_vec(), device: vec![2; 16], ..v1::SessionOpen::default() };
        let signed = key.sign(&body);
        assert_eq!(signing::verify::<v1::SessionOpen>(&public, &signed), Ok(body));
        assert_eq!(signing::verify::<v1::AccountDelete>(&public, &signed), Err(SignatureError::Invalid));
        assert_eq!(signing::verify::<v1::RosterEntry>(&public, &signed), Err(SignatureError::Invalid));
        assert_eq!(signing::verify::<v1::Commit>(&public, &signed), Err(SignatureError::Invalid));
    }
}

/// Whoever sees an ES256 signature can reckon (r, n − s): it must not be a second signature of the same bytes.
#[test]
fn a_mauled_signature_is_no_second_one() {
    let key = SigningKey::generate(SigningAlgorithm::Es256, &mut random::system());
    let signed = key.sign(&v1::Receipt { suite: 1, seq: 9, ..v1::Receipt::default() });
    let signature = p256::ecdsa::Signature::from_slice(&signed.signature).expect("r and s");
    let (r, s) = signature.split_scalars();
    let mauled = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).expect("r and n − s");

    // To the curve both are good: only the rule of the lower s tells them apart.
    let point = key.verifying_key().as_bytes().to_vec();
    let input = keyfold_crypto::Namespace::Receipt.input(&[&signed.body]);
    for signature in [signature, mauled] {
        let plain = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, &point);
        assert!(plain.verify(&input, &signature.to_bytes()).is_ok());
    }
    let mauled = v1::Signed { signature: mauled.to_bytes().to_vec(), ..signed.clone() };
    assert!(signing::verify::<v1::Receipt>(&key.verifying_key(), &signed).is_ok());
    assert_eq!(signing::verify::<v1::Receipt>(&key.verifying_key(), &mauled), Err(SignatureError::Invalid));
}

#[test]
fn threat_20_keys_under_another_algorithm_or_wrapping_key_are_another_member() {
    let (_, keys) = world::member();
    let (_, other) = world::member();
    assert_ne!(keys.id(), other.id());
    let signing_of_one = v1::MemberKeys { wrapping_key: other.to_wire().wrapping_key, ..keys.to_wire() };
    let chimera = MemberKeys::try_from(&signing_of_one).expect("keys");
    assert!(chimera.id() != keys.id() && chimera.id() != other.id());
}

#[test]
fn threat_20_an_account_id_cannot_stand_for_a_member_id() {
    // One key's bytes give a different id for each use of the hash.
    let bytes = [3; 64];
    let ids = [keyfold_crypto::Namespace::AccountId, keyfold_crypto::Namespace::MemberId]
        .map(|namespace| keyfold_crypto::hash(namespace, &bytes).first_16());
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn threat_24_an_envelopes_size_shows_at_most_the_bucket() {
    let size = |length: usize| sealed_item(&vec![7; length]).len();
    assert_eq!(size(0), size(252));
    assert_eq!(size(253), size(508));
    assert_eq!(size(32_765), size(65_532));
    assert!(size(65_532) <= envelope::MAX_LEN);
    let context = envelope::Context { item: ItemId::new([1; 16]), ..CONTEXT };
    assert!(envelope::seal(&epoch_key(), &context, &[0; 65_533], &mut random::system()).is_err());
    assert_ne!(ITEM, context.item);
}
