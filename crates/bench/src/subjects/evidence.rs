//! A relying party verifies an assertion and the device behind it, offline: from the bytes that a browser hands over to who signed,
//! under a tenant's authority that it trusts already; on one thread. The limit is ring's verification of one P-256 signature.

use std::hint::black_box;

use keyfold_client::{Clock as _, SystemClock};
use keyfold_crypto::random;
use keyfold_evidence::{
    Asked, Assertion, Authority, Class, Compliance, Credential, CredentialKey, Device, Frames, LeafClaims, Protection,
    StatusReference, UnixMillis, UserVerification,
    device::{EXTENSION, Signed, message, output},
    issue::{Issuer, Names, SerialNumber, root},
};
use rcgen::KeyPair;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair as _, UnparsedPublicKey,
    },
};

use super::opening::often;
use crate::{
    compare::by_turns,
    failure::Failure,
    report::{Row, Target},
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let now = UnixMillis(SystemClock.now());
    let signed_in = SignedIn::made(now)?;
    let (value, limit) = by_turns(
        stage,
        async |time| often(time, || signed_in.bare()),
        async |time| often(time, || signed_in.verified(now)),
    )
    .await?;
    Ok(vec![Row::new("evidence", (value, limit, "/s"), Target::AtLeast(0.25), "one P-256 verification of ring")])
}

/// A sign-in, and who is to believe it.
struct SignedIn {
    tenant: Authority,
    public_key: CredentialKey,
    point: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
}

impl SignedIn {
    fn made(now: UnixMillis) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let credential = drawn(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)?;
        let evidence = drawn(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
        let (tenant, leaf) = tenant(&evidence, now)?;

        let flags = 0x9d;
        let (rp_id_hash, client_data_hash) = (sha256(RP_ID.as_bytes())?, sha256(CLIENT_DATA)?);
        let signed = Signed {
            rp_id_hash: &rp_id_hash,
            flags,
            credential_id: &CREDENTIAL_ID,
            client_data_hash: &client_data_hash,
        };
        let message = message(&sha256(&leaf)?, &signed);
        let vouched = loop {
            let signature = evidence.sign(&random, &message).map_err(Failure::client("ring"))?;
            let signature: [u8; 64] = signature.as_ref().try_into().map_err(Failure::client("ring"))?;
            // Of both that verify, the one with the lower s.
            if signature.get(32).is_some_and(|first| *first < 0x7f) {
                break signature;
            }
        };
        let name = [&[0xa1, 0x60 | EXTENSION.len() as u8], EXTENSION.as_bytes()].concat();
        let authenticator_data = [rp_id_hash.as_slice(), &[flags], &[0; 4], &name, &output(&leaf, &vouched)].concat();
        let signed = [authenticator_data.as_slice(), &client_data_hash].concat();
        let signature = credential.sign(&random, &signed).map_err(Failure::client("ring"))?.as_ref().to_vec();
        let point = credential.public_key().as_ref().to_vec();
        let (x, y) = point.get(1..).and_then(|point| point.split_at_checked(32)).unwrap_or_default();
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", y].concat();
        let public_key = CredentialKey::parse(&cose).map_err(Failure::client("a public key"))?;
        Ok(Self { tenant, public_key, point, authenticator_data, signature })
    }

    fn verified(&self, now: UnixMillis) -> Result<(), Failure> {
        let asked = Asked {
            rp_id: RP_ID,
            origins: &["https://shop.example"],
            challenge: b"challenge",
            user_verification: UserVerification::Required,
            frames: Frames::Refused,
        };
        let credential =
            Credential { id: &CREDENTIAL_ID, public_key: &self.public_key, backup_eligible: true, sign_count: 0 };
        let assertion = Assertion {
            credential_id: &CREDENTIAL_ID,
            authenticator_data: &self.authenticator_data,
            client_data_json: CLIENT_DATA,
            signature: &self.signature,
        };
        let signed_in =
            assertion.verify(&asked, &credential, &self.tenant, now).map_err(Failure::client("a sign-in"))?;
        match black_box(signed_in.device) {
            Device::Verified(_) => Ok(()),
            Device::Absent | Device::Refused(_) => Err(Failure::client("evidence")("it is refused")),
        }
    }

    fn bare(&self) -> Result<(), Failure> {
        let signed = [self.authenticator_data.as_slice(), &sha256(CLIENT_DATA)?].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point);
        key.verify(black_box(&signed), &self.signature).map_err(Failure::client("ring"))
    }
}

/// An authority, and its leaf for an evidence key.
fn tenant(evidence: &EcdsaKeyPair, now: UnixMillis) -> Result<(Authority, Vec<u8>), Failure> {
    let failed = Failure::client::<rcgen::Error>("a certificate");
    let names = Names { country: "ZZ".to_owned(), organization: "Example tenant".to_owned() };
    let serial = || SerialNumber(random::bytes(&mut random::system()));
    let days = now.day()..now.day().plus(7);
    let (root_key, issuer_key) = (KeyPair::generate().map_err(&failed)?, KeyPair::generate().map_err(&failed)?);
    let root = root(&names, serial(), days.clone(), &root_key).map_err(&failed)?;
    let of_root = Issuer::new(names.clone(), &root, root_key).map_err(&failed)?;
    let issuer = of_root.intermediate(serial(), days.clone(), &issuer_key).map_err(&failed)?;
    let issuing = Issuer::new(names, &issuer, issuer_key).map_err(&failed)?;
    let claims = LeafClaims {
        class: Class::Synced,
        protection: Protection::Software,
        compliance: Compliance::Compliant,
        status: StatusReference { index: 4_711, uri: "https://keyfold.example/v1/rp/status/1".to_owned() },
    };
    let key = evidence.public_key().as_ref().try_into().map_err(Failure::client("ring"))?;
    let leaf = issuing.leaf(serial(), days, &claims, key).map_err(Failure::client("a leaf"))?;
    let tenant = Authority::trust(&root, &[issuer], None, now).map_err(Failure::client("an authority"))?;
    Ok((tenant, leaf))
}

fn drawn(algorithm: &'static EcdsaSigningAlgorithm, random: &SystemRandom) -> Result<EcdsaKeyPair, Failure> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, random).map_err(Failure::client("ring"))?;
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), random).map_err(Failure::client("ring"))
}

fn sha256(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    digest(&SHA256, bytes).as_ref().try_into().map_err(Failure::client("ring"))
}

const RP_ID: &str = "shop.example";
const CREDENTIAL_ID: [u8; 32] = [7; 32];
const CLIENT_DATA: &[u8] =
    br#"{"type":"webauthn.get","challenge":"Y2hhbGxlbmdl","origin":"https://shop.example","crossOrigin":false}"#;
