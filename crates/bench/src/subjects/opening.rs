//! Opening the envelopes of 1,000 items, on one thread, as the client does it: form, keys, commitment, both layers. The
//! limit is AES-256-GCM of the same implementation over the same ciphertexts, the wrapped keys included, each under a key
//! of its own that is given; nothing is parsed, derived or copied from elsewhere.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use keyfold_crypto::{EpochKey, envelope::Envelope, random};
use keyfold_wire::{AccountId, v1};
use prost::Message;

use crate::{
    compare::by_turns,
    device::{TYPICAL, seal_items},
    failure::Failure,
    report::{Row, Target},
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let (key, account) = (EpochKey::generate(&mut random::system()), AccountId::new([7; 16]));
    let sealed = seal_items(&key, account, 1, (ITEMS, TYPICAL))?;
    let envelopes: Vec<Vec<u8>> = sealed.into_iter().map(|(_, envelope)| envelope).collect();
    let raw = envelopes.iter().map(|envelope| layers(envelope)).collect::<Result<Vec<_>, _>>()?.concat();
    let (value, limit) = by_turns(
        stage,
        async |time| often(time, || raw.iter().try_for_each(Raw::open)),
        async |time| often(time, || envelopes.iter().try_for_each(|envelope| open(&key, account, envelope))),
    )
    .await?;
    let items = ITEMS as f64;
    let row = (value * items, limit * items, "items/s");
    Ok(vec![Row::new("opening", row, Target::AtLeast(0.3), "AES-256-GCM over the same ciphertexts")])
}

fn open(key: &EpochKey, account: AccountId, envelope: &[u8]) -> Result<(), Failure> {
    let envelope = Envelope::parse(account, envelope).map_err(Failure::client("an envelope"))?;
    black_box(envelope.open(key).map_err(Failure::client("an envelope"))?);
    Ok(())
}

/// Something that AES-GCM sealed, as long as what an envelope has.
#[derive(Clone)]
struct Raw {
    key: [u8; 32],
    sealed: Vec<u8>,
}

impl Raw {
    fn of_length(sealed: usize) -> Result<Self, Failure> {
        let key: [u8; 32] = random::bytes(&mut random::system());
        let plaintext = vec![7; sealed.saturating_sub(TAG)];
        let payload = Payload { msg: &plaintext, aad: &AAD };
        let sealed = Aes256Gcm::new(&key.into()).encrypt(&NONCE.into(), payload);
        Ok(Self { key, sealed: sealed.map_err(Failure::client("AES-256-GCM"))? })
    }

    fn open(&self) -> Result<(), Failure> {
        let payload = Payload { msg: &self.sealed, aad: &AAD };
        let opened = Aes256Gcm::new(&self.key.into()).decrypt(&NONCE.into(), payload);
        black_box(opened.map_err(Failure::client("AES-256-GCM"))?);
        Ok(())
    }
}

fn layers(envelope: &[u8]) -> Result<[Raw; 2], Failure> {
    let envelope = v1::Envelope::decode(envelope).map_err(Failure::client("an envelope"))?;
    Ok([Raw::of_length(envelope.wrapped_key.len())?, Raw::of_length(envelope.ciphertext.len())?])
}

/// How often a second it can be done, over at least this time.
pub(super) fn often(time: Duration, mut work: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < time {
        work()?;
        done += 1;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

const ITEMS: usize = 1_000;
const TAG: usize = 16;
const NONCE: [u8; 12] = [0; 12];
/// As long as an envelope's context.
const AAD: [u8; 60] = [0; 60];
