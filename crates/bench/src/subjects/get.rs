//! `navigator.credentials.get()` for one ES256 passkey, from the relying party's JSON to the answer, by a user who says
//! yes at once; on one thread. The limit is ring's P-256 signature over as many bytes, and nothing else.

use std::hint::black_box;

use keyfold_client::{
    SystemClock,
    authenticator::{Answer, Authenticator, MemoryStore, Model, Prompt},
    webauthn::{Ceremony, Origin, Page, create, get},
};
use keyfold_crypto::random;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};

use super::opening::often;
use crate::{
    compare::by_turns,
    failure::Failure,
    report::{Row, Target},
    stage::Stage,
};

pub(super) async fn measure(stage: &Stage) -> Result<Vec<Row>, Failure> {
    let page = Page::top(Origin::parse("https://example.org").map_err(Failure::client("an origin"))?);
    let mut authenticator = Authenticator::new(Model::SYNCED, MemoryStore::default(), random::system());
    let mut user = |_: &Prompt<'_>| Answer::Verified { account: 0 };
    let ceremony = Ceremony { page: &page, authenticator: &mut authenticator, user: &mut user, clock: &SystemClock };
    create(ceremony, CREATION).map_err(Failure::client("a passkey"))?;
    let (key, random) = raw()?;
    let (value, limit) = by_turns(
        stage,
        async |time| {
            often(time, || {
                black_box(key.sign(&random, &SIGNED).map_err(Failure::client("ring"))?);
                Ok(())
            })
        },
        async |time| {
            often(time, || {
                let ceremony =
                    Ceremony { page: &page, authenticator: &mut authenticator, user: &mut user, clock: &SystemClock };
                black_box(get(ceremony, REQUEST).map_err(Failure::client("a sign-in"))?);
                Ok(())
            })
        },
    )
    .await?;
    Ok(vec![Row::new("get", (value, limit, "/s"), Target::AtLeast(0.5), "ring's P-256 signature")])
}

fn raw() -> Result<(EcdsaKeyPair, SystemRandom), Failure> {
    let random = SystemRandom::new();
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(Failure::client("ring"))?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random)
        .map_err(Failure::client("ring"))?;
    Ok((key, random))
}

const CREATION: &str = r#"{"rp": {"id": "example.org", "name": "Example"},
    "user": {"id": "AQID", "name": "ana@example.org", "displayName": "Ana"},
    "challenge": "AAECAwQFBgcICQoLDA0ODw", "pubKeyCredParams": [{"type": "public-key", "alg": -7}]}"#;
const REQUEST: &str =
    r#"{"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.org", "userVerification": "required"}"#;
/// Authenticator data and the hash of client data.
const SIGNED: [u8; 69] = [7; 69];
