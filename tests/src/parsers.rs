//! Every parser of bytes from outside, each as a function that must return whatever it is fed. The fuzz targets in
//! `tests/fuzz` call these, and `tests/tests/parsers.rs` replays what fuzzing has found.

mod evidence;

use keyfold_authenticator::{Answer, Authenticator, MemoryStore, Model, Prompt, UnixMillis, hid};
use keyfold_client::{
    browser::Asked,
    enrolment::QrCode,
    exchange::{self, Exchange, Importer},
    item::Revision,
    transport::ServerUrl,
    webauthn::{Ceremony, Origin, Page, Signal, create, get},
};
use keyfold_crypto::{
    Hash, SigningAlgorithm, SigningKey,
    enrolment::CheckCode,
    envelope::Envelope,
    exact,
    keyring::{self, KeyringKey, Owner},
    passphrase, random,
    recovery::RecoveryCode,
    request::SignatureInput,
    session::SessionId,
};
use keyfold_ledger::{Commit, Element, Entry, ForkProof, Receipt, SetState, brief};
use keyfold_vault::chains::Offer;
use keyfold_wire::{AccountId, MemberId, v1};

pub use evidence::{evidence_attestation, evidence_certificate, evidence_hardware, evidence_response, evidence_token};

/// A parser's name, as its corpus folder has it, and the parser.
pub type Parser = (&'static str, fn(&[u8]));

pub const PARSERS: [Parser; 19] = [
    ("chains", chains),
    ("envelope", envelope),
    ("device_api", device_api),
    ("item", item),
    ("exchange", exchange),
    ("offer", offer),
    ("request_signature", request_signature),
    ("sealed_secrets", sealed_secrets),
    ("ctap", ctap),
    ("hid", hid),
    ("native_message", native_message),
    ("webauthn_create", webauthn_create),
    ("webauthn_get", webauthn_get),
    ("typed_text", typed_text),
    ("evidence_attestation", evidence_attestation),
    ("evidence_certificate", evidence_certificate),
    ("evidence_hardware", evidence_hardware),
    ("evidence_response", evidence_response),
    ("evidence_token", evidence_token),
];

/// Roster entries, commits, receipts, fork proofs, elements, and what a brief pull has in place of some.
pub fn chains(bytes: &[u8]) {
    let signed = v1::Signed { body: bytes.to_vec(), signature: vec![0; 64] };
    let _ = Entry::parse(&signed);
    let _ = Commit::parse(&signed);
    let _ = SetState::try_from(bytes);
    let (vault, roster) = (Hash::new([1; 32]), Hash::new([2; 32]));
    if let Ok(whole) = brief::whole_commit(&signed, vault, roster) {
        assert_eq!(brief::commit(whole), signed);
    }
    if let Ok(heads) = exact::decode::<v1::BriefHeads>(bytes, 1_024) {
        let known = brief::Known { account: AccountId::new([1; 16]), roster, roster_receipt: &signed, vault };
        let _ = brief::whole_heads(&heads, &known);
    }
    let key = SigningKey::from_secret(SigningAlgorithm::Ed25519, &[7; 32]).unwrap().verifying_key();
    let _ = Receipt::read(&key, &signed);
    let _ = ForkProof::verify(&key, bytes);
    if let Ok(element) = exact::decode::<v1::Element>(bytes, 256) {
        let _ = Element::try_from(&element);
    }
}

pub fn envelope(bytes: &[u8]) {
    let _ = Envelope::parse(AccountId::new([1; 16]), bytes);
}

/// Every message that a device or a server takes from the other.
pub fn device_api(bytes: &[u8]) {
    macro_rules! decode {
        ($($message:ident),*) => {$( let _ = exact::decode::<v1::$message>(bytes, 1 << 20); )*};
    }
    decode!(
        CreateAccount,
        AppendEntry,
        Push,
        Signed,
        SessionOpen,
        SessionOpened,
        AccountDelete,
        BeginEnrolment,
        BegunEnrolment,
        EnrolmentState,
        EnrolmentApproval,
        EnrolmentOpening,
        EnrolmentCompletion,
        EnrolmentOffer,
        EnrolmentTranscript,
        RecoveryTranscript,
        RecoveryLookup,
        RecoveryFound,
        ServerInfo,
        Accepted,
        Heads,
        PullFrame,
        Problem,
        Item,
        DeviceSecrets
    );
}

/// What another device of the account encrypted. What is read of it (stamps from the future count less) is written as what is
/// read the same.
pub fn item(bytes: &[u8]) {
    if let Ok(message) = exact::decode::<v1::Item>(bytes, 1 << 16)
        && let Ok(revision) = Revision::decode(bytes, message.at, None)
    {
        let written = revision.item.encode(message.at, revision.previous);
        assert_eq!(Revision::decode(&written, message.at, None), Ok(revision));
    }
}

/// A file that another program exported, and one that is encrypted, as far as it can be told without its passphrase.
pub fn exchange(bytes: &[u8]) {
    let _ = Exchange::read(bytes, Importer { device: MemberId::new([2; 16]), at: 0 });
    let _ = exchange::is_encrypted(bytes);
}

/// What a device gives back to a server that was restored.
pub fn offer(bytes: &[u8]) {
    let _ = Offer::parse(bytes);
}

pub fn request_signature(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = SignatureInput::parse(text);
    }
}

/// Both forms of a device's sealed secrets. Anything that asks for other parameters than the pinned ones is refused before
/// the slow derivation; bytes that ask for just those would cost a fuzzer its time and are left out.
pub fn sealed_secrets(bytes: &[u8]) {
    let pinned = exact::decode::<v1::SealedSecrets>(bytes, passphrase::MAX_LEN).is_ok_and(|sealed| {
        (sealed.memory_kib, sealed.passes, sealed.lanes)
            == (passphrase::MEMORY_KIB, passphrase::PASSES, passphrase::LANES)
    });
    if !pinned {
        assert!(passphrase::open(b"passphrase", bytes).is_err());
    }
    let owner = Owner { account: AccountId::new([1; 16]), device: MemberId::new([2; 16]) };
    assert!(keyring::open(&KeyringKey::new([3; 32]), &owner, bytes).is_err());
}

pub fn ctap(bytes: &[u8]) {
    let _ = authenticator().call(bytes, &mut |_: &Prompt<'_>| Answer::Present { account: 0 }, &|| UnixMillis(0));
}

/// Packets of 64 bytes, as a host sends them to a security key; whatever they bring up is answered before the next.
pub fn hid(bytes: &[u8]) {
    let mut protocol = hid::Protocol::default();
    let now = std::time::Instant::now();
    for packet in bytes.as_chunks::<{ hid::PACKET }>().0 {
        for act in protocol.receive(packet, now) {
            match act {
                hid::Act::Send(packets) => assert!(!packets.is_empty()),
                hid::Act::Serve(channel, request) => {
                    assert!(channel != 0 && !request.is_empty() && protocol.keep_alive().is_some());
                    assert!(protocol.answered(&request).is_some());
                }
                // Everything is answered at once.
                hid::Act::Cancel => panic!("there is nothing to take back"),
            }
        }
    }
}

/// What a browser's extension says to the agent, and the page that it speaks of.
pub fn native_message(bytes: &[u8]) {
    match Asked::parse(bytes) {
        Ok(Asked::Create(ceremony) | Asked::Get(ceremony) | Asked::Candidates(ceremony)) => {
            let _ = ceremony.page();
        }
        Ok(Asked::Signal(signal)) => {
            if let Ok(page) = signal.page() {
                let _ = Signal::parse(&page, &signal.signal, &signal.options.to_string());
            }
        }
        _ => {}
    }
}

pub fn webauthn_create(bytes: &[u8]) {
    ceremony(bytes, |ceremony, options| drop(create(ceremony, options)));
}

pub fn webauthn_get(bytes: &[u8]) {
    ceremony(bytes, |ceremony, options| drop(get(ceremony, options)));
}

/// What people type or scan.
pub fn typed_text(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<QrCode>();
        let _ = text.parse::<SessionId>();
        let _ = text.parse::<AccountId>();
        let _ = text.parse::<ServerUrl>();
        let _ = CheckCode::parse(text);
        let _ = RecoveryCode::parse(text);
        let _ = Origin::parse(text);
    }
}

fn ceremony(bytes: &[u8], run: fn(Ceremony<'_, MemoryStore, Random>, &str)) {
    let Ok(options) = std::str::from_utf8(bytes) else { return };
    let page = Page::top(Origin::parse("https://example.org").unwrap());
    run(
        Ceremony {
            page: &page,
            authenticator: &mut authenticator(),
            user: &mut |_: &Prompt<'_>| Answer::Present { account: 0 },
            clock: &keyfold_client::SystemClock,
        },
        options,
    );
}

type Random = rand_core::UnwrapErr<random::SystemRandom>;

fn authenticator() -> Authenticator<MemoryStore, Random> {
    Authenticator::new(Model::SYNCED, MemoryStore::default(), random::system())
}
