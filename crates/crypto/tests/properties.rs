//! Whatever is sealed or signed comes back as it was, and not at all once a single bit is another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use keyfold_crypto::{
    EpochKey, SigningAlgorithm, SigningKey, WrappingKey,
    enrolment::QrSecret,
    envelope::{self, Envelope},
    epoch::Epochs,
    local::LocalKey,
    passphrase, random,
    request::{self, Parameters, Request, SignatureInput},
    session::{SessionId, SessionSecret},
    signing,
};
use keyfold_wire::{AccountId, ItemId, MemberId, v1::Receipt};
use proptest::{collection::vec, prelude::*};
use world::{ACCOUNT, EPOCH, epoch_key, open_sealed, sealed, sealed_item};

/// Every message that differs from this one in a single bit.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit, flipped)
    })
}

#[test]
fn an_envelope_with_any_bit_flipped_is_refused() {
    let sealed = sealed_item(b"a passkey");
    for (bit, flipped) in flips(&sealed) {
        let opened = Envelope::parse(ACCOUNT, &flipped).ok().and_then(|parsed| parsed.open(&epoch_key()).ok());
        assert!(opened.is_none(), "bit {bit}");
    }
}

#[test]
fn a_sealed_epoch_key_with_any_bit_flipped_is_refused() {
    let member = WrappingKey::generate(&mut random::system());
    let (context, sealed) = sealed(&member);
    for (bit, flipped) in flips(&sealed) {
        assert!(open_sealed(&member, &context, &flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a_link_with_any_bit_flipped_is_refused() {
    let (earlier, epochs) = (EpochKey::new([4; 32]), Epochs { epoch: EPOCH, earlier: EPOCH - 1 });
    let commitment = earlier.commitment(&ACCOUNT, epochs.earlier);
    let link = epoch_key().link(&ACCOUNT, epochs, &earlier, &mut random::system());
    for (bit, flipped) in flips(&link) {
        assert!(epoch_key().open_link(&ACCOUNT, epochs, &commitment, &flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a_signed_message_with_any_bit_flipped_is_refused() {
    for algorithm in [SigningAlgorithm::Ed25519, SigningAlgorithm::Es256] {
        let key = SigningKey::generate(algorithm, &mut random::system());
        let public = key.verifying_key();
        let signed = key.sign(&Receipt { suite: 1, account: ACCOUNT.to_vec(), seq: 7, ..Receipt::default() });
        assert!(signing::verify::<Receipt>(&public, &signed).is_ok());
        for (bit, body) in flips(&signed.body) {
            assert!(signing::verify_bytes::<Receipt>(&public, &body, &signed.signature).is_err(), "body bit {bit}");
        }
        for (bit, signature) in flips(&signed.signature) {
            assert!(signing::verify_bytes::<Receipt>(&public, &signed.body, &signature).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_signed_request_with_any_bit_flipped_is_refused() {
    let secret = SessionSecret::new([5; 32]);
    let parameters = Parameters { session: session(), created: 1_800_000_000, nonce: [6; 16] };
    let request = Request { method: "POST", target_uri: "https://keys.example/v1/commits", body: b"push" };
    let headers = request::sign(&request, &parameters, &secret);
    let input = SignatureInput::parse(&headers.signature_input).unwrap();
    assert_eq!(*input.parameters(), parameters);

    let verifies = |request: &Request<'_>, headers: &request::SignedHeaders| {
        let head = request::Head { method: request.method, target_uri: request.target_uri };
        SignatureInput::parse(&headers.signature_input)
            .and_then(|input| request::verify_head(&head, &input, &headers.content_digest, &headers.signature, &secret))
            .is_ok_and(|digest| digest.check(request.body).is_ok())
    };
    assert!(verifies(&request, &headers));
    for (bit, body) in flips(request.body) {
        assert!(!verifies(&Request { body: &body, ..request }, &headers), "body bit {bit}");
    }
    for (bit, uri) in flips(request.target_uri.as_bytes()) {
        let uri = String::from_utf8_lossy(&uri);
        assert!(!verifies(&Request { target_uri: &uri, ..request }, &headers), "URI bit {bit}");
    }
    for (bit, input) in flips(headers.signature_input.as_bytes()) {
        let signature_input = String::from_utf8_lossy(&input).into_owned();
        assert!(!verifies(&request, &request::SignedHeaders { signature_input, ..headers.clone() }), "bit {bit}");
    }
    for (bit, digest) in flips(headers.content_digest.as_bytes()) {
        let content_digest = String::from_utf8_lossy(&digest).into_owned();
        assert!(!verifies(&request, &request::SignedHeaders { content_digest, ..headers.clone() }), "bit {bit}");
    }
    for (bit, signature) in flips(headers.signature.as_bytes()) {
        let signature = String::from_utf8_lossy(&signature).into_owned();
        assert!(!verifies(&request, &request::SignedHeaders { signature, ..headers.clone() }), "bit {bit}");
    }
    assert!(!verifies(&Request { method: "GET", ..request }, &headers));
}

/// RFC 9421 would let each of these stand for the same parameters; here they have one form.
#[test]
fn a_signature_input_of_another_form_is_refused() {
    let parameters = Parameters { session: session(), created: 1_800_000_000, nonce: [6; 16] };
    let request = Request { method: "GET", target_uri: "https://keys.example/v1/head", body: b"" };
    let headers = request::sign(&request, &parameters, &SessionSecret::new([5; 32]));
    let input = headers.signature_input;
    assert!(SignatureInput::parse(&input).is_ok());
    let others = [
        input.replace("created=", "created=0"),
        input.replace("created=", "created=+"),
        input.replace("\"@method\" \"@target-uri\"", "\"@target-uri\" \"@method\""),
        input.replace(" \"content-digest\"", ""),
        input.replace(";tag=\"keyfold\"", ""),
        input.replace("tag=\"keyfold\"", "tag=\"other\""),
        input.replace(";tag", ";alg=\"hmac-sha256\";tag"),
        input.replace("keyfold=(", "sig1=("),
        format!("{input}, {input}"),
        format!(" {input}"),
        String::new(),
    ];
    for other in others {
        assert_eq!(SignatureInput::parse(&other), Err(request::RequestError::Form), "{other}");
    }
}

fn session() -> SessionId {
    SessionId {
        kid: 1,
        account: ACCOUNT,
        device: MemberId::new([2; 16]),
        expires_at: 1_800_000_600_000,
        random: [3; 8],
    }
}

#[test]
fn a_qr_mac_with_any_bit_flipped_is_refused() {
    let secret = QrSecret::generate(&mut random::system());
    let mac = secret.transcript_mac(b"transcript");
    assert!(secret.check_transcript(b"transcript", &mac).is_ok());
    for (bit, flipped) in flips(&mac) {
        assert!(secret.check_transcript(b"transcript", &flipped).is_err(), "bit {bit}");
    }
    assert!(secret.check_transcript(b"transcript", &mac[..31]).is_err());
    assert!(secret.check_transcript(b"transcript", b"").is_err());
    let entry = keyfold_crypto::Hash::new([1; 32]);
    assert!(secret.check_entry(&entry, &secret.entry_mac(&entry)).is_ok());
    assert!(secret.check_entry(&entry, &secret.transcript_mac(entry.as_bytes())).is_err(), "the other direction's MAC");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_in_an_envelope_comes_back(
        content in prop_oneof![vec(any::<u8>(), 0..600), vec(any::<u8>(), 0..=envelope::MAX_CONTENT)],
        (account, item, revision, epoch, at) in any::<([u8; 16], [u8; 16], u64, u64, u64)>(),
        key in any::<[u8; 32]>(),
    ) {
        let context = envelope::Context {
            account: AccountId::new(account),
            item: ItemId::new(item),
            revision,
            epoch,
            at,
        };
        let sealed = envelope::seal(&EpochKey::new(key), &context, &content, &mut random::system()).expect("fits");
        prop_assert!(sealed.len() <= envelope::MAX_LEN);
        let parsed = Envelope::parse(context.account, &sealed).expect("parses");
        prop_assert_eq!(parsed.context(), &context);
        prop_assert_eq!(&*parsed.open(&EpochKey::new(key)).expect("opens"), &content);
    }

    #[test]
    fn sealing_the_same_content_twice_shares_no_ciphertext(content in vec(any::<u8>(), 0..300)) {
        let [one, two] = [sealed_item(&content), sealed_item(&content)];
        prop_assert_eq!(one.len(), two.len());
        prop_assert!(one[one.len() - 32..] != two[two.len() - 32..]);
    }

    #[test]
    fn what_a_device_keeps_for_itself_comes_back_only_in_its_context(
        key in any::<[u8; 32]>(),
        context in vec(any::<u8>(), 0..40),
        content in vec(any::<u8>(), 0..200),
        bit in any::<prop::sample::Index>(),
    ) {
        let key = LocalKey::new(key);
        let mut sealed = key.seal(&context, &content, &mut random::system());
        prop_assert_eq!(&*key.open(&context, &sealed).expect("opens"), &content);
        prop_assert!(key.open(&[context.as_slice(), b"x"].concat(), &sealed).is_err());
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(key.open(&context, &sealed).is_err());
    }

    #[test]
    fn a_session_id_reads_back(bytes in any::<(u32, [u8; 16], [u8; 16], u64, [u8; 8])>()) {
        let (kid, account, device, expires_at, random) = bytes;
        let (account, device) = (AccountId::new(account), MemberId::new(device));
        let id = SessionId { kid, account, device, expires_at, random };
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_envelope_of_random_bytes_is_refused(bytes in vec(any::<u8>(), 0..700)) {
        prop_assert!(Envelope::parse(ACCOUNT, &bytes).is_err());
    }
}

proptest! {
    // Each case derives twice from a passphrase.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn sealed_secrets_come_back_and_not_with_any_bit_flipped(
        passphrase in vec(any::<u8>(), 0..64),
        secrets in vec(any::<u8>(), 0..300),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut sealed = passphrase::seal(&passphrase, &secrets, &mut random::system()).expect("seals");
        prop_assert_eq!(&*passphrase::open(&passphrase, &sealed).expect("opens"), &secrets);
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(passphrase::open(&passphrase, &sealed).is_err());
    }
}
