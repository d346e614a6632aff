use keyfold_crypto::{
    Hash, Namespace,
    enrolment::{CheckCodes, QrSecret},
    hash,
    keyring::{self, Owner},
    passphrase,
    request::{self, Parameters, Request},
    session::{SessionId, SessionKey},
};
use keyfold_wire::v1;
use prost::Message;

use crate::{
    chains::described,
    fixed::{Fixed, fixed},
    json::{Json, bytes, number, object, text},
    story::{Story, T0},
};

pub(crate) fn enrolment(story: &Story) -> Json {
    let enrolment = &story.enrolment;
    let (offer, approval) = (&enrolment.offer, &enrolment.approval);
    let codes = CheckCodes::of(&enrolment.transcript);
    let secret = QrSecret::new(fixed("QR secret"));
    let entry: Hash = story.joined.entry.hash();
    object([
        ("about", text("Both parts of an enrolment, the transcript, its signature, the check codes and the QR MACs.")),
        ("device", described(&story.phone.keys(), offer.description.as_ref().unwrap())),
        ("device_scalar", bytes(story.phone.scalar)),
        ("device_nonce", bytes(&offer.device_nonce)),
        ("offer", bytes(offer.encode_to_vec())),
        ("commitment", bytes(enrolment.commitment.as_bytes())),
        ("enrolment", bytes(&approval.enrolment)),
        ("account", bytes(&approval.account)),
        ("log_key", bytes(&approval.log_key)),
        ("approver", bytes(&approval.approver)),
        ("roster_head", bytes(&approval.roster_head)),
        ("approver_nonce", bytes(&approval.approver_nonce)),
        ("approval", bytes(approval.encode_to_vec())),
        ("transcript", bytes(&enrolment.transcript)),
        ("transcript_hash", bytes(hash(Namespace::EnrolmentTranscript, &enrolment.transcript).as_bytes())),
        ("signature", bytes(&enrolment.signature)),
        ("code_from_device", text(codes.from_device)),
        ("code_from_approver", text(codes.from_approver)),
        ("qr_secret", bytes(secret.expose())),
        ("transcript_mac", bytes(secret.transcript_mac(&enrolment.transcript))),
        ("entry_hash", bytes(entry.as_bytes())),
        ("entry_mac", bytes(secret.entry_mac(&entry))),
    ])
}

fn session_id(story: &Story) -> SessionId {
    SessionId {
        kid: 7,
        account: story.account,
        device: story.laptop.keys().id(),
        expires_at: T0 + 600_000,
        random: fixed("session"),
    }
}

fn session_key() -> SessionKey {
    SessionKey::new(fixed("session key"))
}

pub(crate) fn session(story: &Story) -> Json {
    let id = session_id(story);
    let open = v1::SessionOpen {
        suite: 1,
        account: id.account.to_vec(),
        device: id.device.to_vec(),
        server: "https://keys.example".into(),
        at: T0,
        nonce: fixed::<16>("session nonce").to_vec(),
    };
    let signed = story.laptop.signing.sign(&open);
    object([
        ("about", text("The message that opens a session, and the session's id and secret.")),
        ("account", bytes(&open.account)),
        ("device", bytes(&open.device)),
        ("device_seed", bytes(story.laptop.signing.expose())),
        ("server", text(&open.server)),
        ("at", number(open.at)),
        ("nonce", bytes(&open.nonce)),
        ("body", bytes(signed.body)),
        ("signature", bytes(signed.signature)),
        ("session_key", bytes(session_key().expose())),
        ("kid", number(id.kid.into())),
        ("expires_at", number(id.expires_at)),
        ("random", bytes(id.random)),
        ("session", text(id)),
        ("secret", bytes(session_key().secret(&id).expose())),
    ])
}

pub(crate) fn request_signature(story: &Story) -> Json {
    let id = session_id(story);
    let secret = session_key().secret(&id);
    let push = Request { method: "POST", target_uri: "https://keys.example/v1/commits", body: b"a push" };
    let pull =
        Request { method: "GET", target_uri: "https://keys.example/v1/pull?roster_since=4&vault_since=2", body: b"" };
    let signed = [(push, "push nonce"), (pull, "pull nonce")].map(|(request, nonce)| {
        let parameters = Parameters { session: id, created: T0 / 1000 + 1, nonce: fixed(nonce) };
        let headers = request::sign(&request, &parameters, &secret);
        let head = request::Head { method: request.method, target_uri: request.target_uri };
        let body = request::SignatureInput::parse(&headers.signature_input).and_then(|input| {
            request::verify_head(&head, &input, &headers.content_digest, &headers.signature, &secret)
        });
        assert_eq!(body.and_then(|body| body.check(request.body)), Ok(()));
        object([
            ("method", text(request.method)),
            ("target_uri", text(request.target_uri)),
            ("body", bytes(request.body)),
            ("created", number(parameters.created)),
            ("nonce", bytes(parameters.nonce)),
            ("content_digest_field", text(headers.content_digest)),
            ("signature_input_field", text(headers.signature_input)),
            ("signature_field", text(headers.signature)),
        ])
    });
    object([
        ("about", text("Requests signed as RFC 9421 says, and their three header fields.")),
        ("session", text(id)),
        ("secret", bytes(secret.expose())),
        ("requests", Json::List(signed.into())),
    ])
}

fn device_secrets(story: &Story) -> v1::DeviceSecrets {
    v1::DeviceSecrets {
        version: 1,
        account: story.account.to_vec(),
        signing_algorithm: 1,
        signing_key: story.laptop.signing.expose().to_vec(),
        wrapping_key: story.laptop.wrapping.expose().to_vec(),
        local_key: fixed::<32>("local key").to_vec(),
    }
}

pub(crate) fn sealed_secrets(story: &Story) -> Json {
    let secrets = device_secrets(story);
    let mut rng = Fixed::new("sealed secrets");
    let passphrase = "correct horse battery staple";
    let sealed = passphrase::seal(passphrase.as_bytes(), &secrets.encode_to_vec(), &mut rng).unwrap();
    let [salt, nonce] = rng.drawn();
    object([
        ("about", text("A device's secrets under a passphrase: Argon2id, then AES-256-GCM with a key commitment.")),
        ("passphrase", text(passphrase)),
        ("salt", bytes(salt)),
        ("nonce", bytes(nonce)),
        ("account", bytes(&secrets.account)),
        ("signing_algorithm", number(secrets.signing_algorithm.into())),
        ("signing_key", bytes(&secrets.signing_key)),
        ("wrapping_key", bytes(&secrets.wrapping_key)),
        ("local_key", bytes(&secrets.local_key)),
        ("sealed", bytes(sealed)),
    ])
}

pub(crate) fn keyring_secrets(story: &Story) -> Json {
    let secrets = device_secrets(story);
    let owner = Owner { account: story.account, device: story.laptop.keys().id() };
    let mut rng = Fixed::new("keyring secrets");
    let (_, sealed) = keyring::seal(&owner, &secrets.encode_to_vec(), &mut rng);
    let [key, nonce] = rng.drawn();
    object([
        ("about", text("The same secrets under a keyring's key: AES-256-GCM with a key commitment.")),
        ("key", bytes(key)),
        ("nonce", bytes(nonce)),
        ("account", bytes(&secrets.account)),
        ("device", bytes(owner.device.as_bytes())),
        ("signing_algorithm", number(secrets.signing_algorithm.into())),
        ("signing_key", bytes(&secrets.signing_key)),
        ("wrapping_key", bytes(&secrets.wrapping_key)),
        ("local_key", bytes(&secrets.local_key)),
        ("sealed", bytes(sealed)),
    ])
}
