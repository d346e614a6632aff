//! X-Wing HPKE: the vectors of draft-ietf-hpke-pq (`tests/data/hpke-x-wing.json`). None has AES-256-GCM, so they go to
//! the library with the AEAD that they name; everything before the AEAD is what sealing uses here.

use hpke::{
    Deserializable, OpModeR, OpModeS, Serializable,
    aead::{Aead, ChaCha20Poly1305},
    kdf::{HkdfSha256, Kdf, KdfShake256},
    kem::{Kem, XWing},
};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;
use std::convert::Infallible;
use x_wing::kem::Decapsulate;

use super::{WrappingKey, WrappingPublicKey};
use crate::{Unopenable, random};

const VECTORS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/hpke-x-wing.json"));

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

/// Gives out these bytes and no others.
struct Given(Vec<u8>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("X-Wing draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("X-Wing draws bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0.drain(..bytes.len()).collect::<Vec<u8>>());
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[test]
fn x_wing_hpke_answers_as_the_draft_prints() {
    let mut kdfs = Vec::new();
    for vector in vectors() {
        assert_eq!(vector["aead"], "ChaCha20-Poly1305");
        match vector["kdf"].as_str().unwrap() {
            "HKDF-SHA256" => check::<ChaCha20Poly1305, HkdfSha256>(&vector),
            "SHAKE256" => check::<ChaCha20Poly1305, KdfShake256>(&vector),
            other => panic!("{other}"),
        }
        kdfs.push(vector["kdf"].as_str().unwrap().to_owned());
    }
    assert_eq!(kdfs, ["HKDF-SHA256", "SHAKE256"]);
}

fn check<A: Aead, K: Kdf>(vector: &Value) {
    let (private, public) = XWing::derive_keypair(&hex(&vector["key_derivation_input"]));
    assert_eq!(private.to_bytes().to_vec(), hex(&vector["private_key"]));
    assert_eq!(public.to_bytes().to_vec(), hex(&vector["public_key"]));

    let info = hex(&vector["info"]);
    let mut randomness = Given(hex(&vector["encapsulation_randomness"]));
    let (encapsulated, mut sender) =
        hpke::setup_sender_with_rng::<A, K, XWing>(&OpModeS::Base, &public, &info, &mut randomness).unwrap();
    assert!(randomness.0.is_empty());
    assert_eq!(encapsulated.to_bytes().to_vec(), hex(&vector["encapsulated_key"]));

    let mut receiver = hpke::setup_receiver::<A, K, XWing>(&OpModeR::Base, &private, &encapsulated, &info).unwrap();
    for encryption in vector["encryptions"].as_array().unwrap() {
        let (aad, plaintext) = (hex(&encryption["aad"]), hex(&encryption["plaintext"]));
        let ciphertext = hex(&encryption["ciphertext"]);
        assert_eq!(sender.seal(&plaintext, &aad).unwrap(), ciphertext);
        assert_eq!(receiver.open(&ciphertext, &aad).unwrap(), plaintext);
    }
    for export in vector["exports"].as_array().unwrap() {
        let mut value = [0; 32];
        receiver.export(&hex(&export["context"]), &mut value).unwrap();
        assert_eq!(value.to_vec(), hex(&export["value"]));
    }
}

/// The public key of a member's seed and the KEM below HPKE, through this module's own types.
#[test]
fn a_members_seed_has_the_public_key_and_shared_secret_that_the_draft_prints() {
    for vector in vectors() {
        let seed = hex(&vector["private_key"]);
        let key = WrappingKey::try_from(seed.as_slice()).unwrap();
        assert_eq!(key.public_key().as_bytes(), hex(&vector["public_key"]));

        let seed: [u8; 32] = seed.try_into().unwrap();
        let encapsulated = hex(&vector["encapsulated_key"]).as_slice().try_into().unwrap();
        let shared = x_wing::DecapsulationKey::from(seed).decapsulate(&encapsulated);
        assert_eq!(shared.to_vec(), hex(&vector["shared_secret"]));
    }
}

/// What is sealed here is HPKE with AES-256-GCM: the library's receiver, set up by hand, opens it.
#[test]
fn what_is_sealed_here_opens_as_hpke_with_aes_256_gcm() {
    let key = WrappingKey::generate(&mut random::system());
    let sealed = key.public_key().seal(b"info", &[5; 32], &mut random::system());
    assert_eq!(sealed.len(), 1120 + 32 + 16);
    assert_eq!(key.open(b"info", &sealed).unwrap().to_vec(), [5; 32]);
    assert_eq!(key.open(b"other", &sealed), Err(Unopenable));
    assert_eq!(key.open(b"info", &sealed[..1119]), Err(Unopenable));

    let (encapsulated, ciphertext) = sealed.split_at(1120);
    let private = <XWing as Kem>::PrivateKey::from_bytes(key.expose()).unwrap();
    let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated).unwrap();
    let mut receiver = hpke::setup_receiver::<hpke::aead::AesGcm256, HkdfSha256, XWing>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        b"info",
    )
    .unwrap();
    assert_eq!(receiver.open(ciphertext, &[]).unwrap(), [5; 32]);
}

/// FIPS 203 §7.2: a coefficient that is not reduced modulo 3329 makes no encapsulation key.
#[test]
fn a_public_key_that_is_not_reduced_is_refused() {
    let bytes = WrappingKey::new([1; 32]).public_key().as_bytes().to_vec();
    assert!(WrappingPublicKey::try_from(bytes.as_slice()).is_ok());
    let mut unreduced = bytes.clone();
    unreduced[..3].fill(0xff);
    assert!(WrappingPublicKey::try_from(unreduced.as_slice()).is_err());
    assert!(WrappingPublicKey::try_from(&bytes[..1215]).is_err());
    assert!(WrappingPublicKey::try_from([bytes.as_slice(), &[0]].concat().as_slice()).is_err());
}
