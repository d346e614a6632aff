use keyfold_client::{ProblemCode, SigningAlgorithm, api::ApiError, device::DeviceKeys, enrolment::EnrolmentError};
use keyfold_crypto::{epoch::SealContext, epoch::sealed_hash, random};
use keyfold_ledger::Entry;
use keyfold_wire::v1::{
    AddDevice, AppendEntry, DeviceDescription, EnrolmentOpening, EnrolmentTranscript, SealedKey,
    add_device::Transcript, roster_entry::Body,
};
use prost::Message;

use crate::world::{Newcomer, World, claimed, met};

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_three_short_codes_may_be_guessed() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let offered = newcomer.offers().await.unwrap();
    let api = world.phone.engine.api();
    for guess in ["22222222", "33333333", "notacode"] {
        assert_eq!(api.enrolment_by_code(guess).await.unwrap_err().code(), Some(ProblemCode::NotFound));
    }
    let refused = api.enrolment_by_code(offered.short_code()).await.unwrap_err();
    assert_eq!(refused.code(), Some(ProblemCode::TooManyGuesses), "the right one comes too late");
    assert!(claimed(&world.laptop, &offered).await.is_ok(), "an honest device goes on");
}

/// Whoever claims an enrolment first has it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_enrolment_is_claimed_once() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let offered = newcomer.offers().await.unwrap();
    let _first = claimed(&world.laptop, &offered).await.unwrap();
    let EnrolmentError::Api(refused) = claimed(&world.phone, &offered).await.map(drop).unwrap_err() else {
        panic!("another refusal")
    };
    assert_eq!(refused.code(), Some(ProblemCode::EnrolmentStep));
}

/// The new device's part is the one that it committed to, signed by its own key.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_opening_that_was_not_committed_to_is_refused() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let (opened, _approval) = met(&newcomer, &world.laptop).await.unwrap();
    drop(opened);
    let other = Newcomer::new(&world.home).await;
    let offered = other.offers().await.unwrap();
    let enrolment = offered.qr().unwrap().enrolment;
    claimed(&world.phone, &offered).await.unwrap();
    let opening = EnrolmentOpening::decode(newcomer.wire.last_sent("/opening").as_slice()).unwrap();
    let refused = newcomer.api.open_enrolment(enrolment, &opening).await.unwrap_err();
    assert_eq!(refused.code(), Some(ProblemCode::RuleBroken));
}

/// A member lets in a device for which nobody enrolled: the server knows of no such enrolment.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_device_comes_in_by_its_enrolment_only() {
    let world = World::new().await;
    let before = world.laptop.everything().await;
    let newcomer = Newcomer::new(&world.home).await;
    let offered = newcomer.offers().await.unwrap();
    let enrolment = offered.qr().unwrap().enrolment;
    let refused = |answer: Result<_, ApiError>| answer.map(drop).unwrap_err().code().unwrap();
    assert_eq!(refused(adds(&world, &[9; 16]).await), ProblemCode::EnrolmentEnded, "one that never was");
    assert_eq!(refused(adds(&world, enrolment.as_bytes()).await), ProblemCode::RuleBroken, "one that nobody claimed");
    let _approval = claimed(&world.phone, &offered).await.unwrap();
    assert_eq!(refused(adds(&world, enrolment.as_bytes()).await), ProblemCode::EnrolmentStep, "one that is not opened");
    drop(offered.approved().await.unwrap());
    assert_eq!(refused(adds(&world, enrolment.as_bytes()).await), ProblemCode::RuleBroken, "another device's");
    assert_eq!(world.laptop.everything().await, before);
}

/// The phone appends an AddDevice of keys that it drew itself.
async fn adds(world: &World, enrolment: &[u8]) -> Result<keyfold_wire::v1::Accepted, ApiError> {
    let keys = DeviceKeys::generate(SigningAlgorithm::Ed25519, &mut random::system());
    let (phone, held) = (&world.phone, world.phone.held().await);
    let transcript = EnrolmentTranscript {
        suite: 1,
        enrolment: enrolment.to_vec(),
        account: held.roster.account().to_vec(),
        log_key: held.roster.log_key().as_bytes().to_vec(),
        approver: phone.id().to_vec(),
        roster_head: held.roster.head().to_vec(),
        device: Some(keys.public().to_wire()),
        description: Some(DeviceDescription { name: "x".into(), platform: "x".into(), agent: "x".into() }),
        device_nonce: vec![6; 32],
        approver_nonce: vec![7; 32],
    };
    let signed = keys.author.signing.sign(&transcript);
    let (epoch, key) = phone.epoch_key().await;
    let context = SealContext { account: held.roster.account(), epoch, member: keys.id(), prev: held.roster.head() };
    let sealed = key.seal(keys.public().wrapping(), &context, &mut random::system());
    let body = Body::AddDevice(AddDevice {
        transcript: Some(Transcript::Enrolment(signed.body)),
        signature: signed.signature,
        sealed_key_hash: sealed_hash(&sealed).to_vec(),
    });
    let entry = phone.signing().sign(&phone.entry(body).await);
    assert!(Entry::parse(&entry).is_ok(), "its form is right");
    let sealed_keys = vec![SealedKey { member: keys.id().to_vec(), sealed }];
    let append = AppendEntry { entry: Some(entry), sealed_keys, links: Vec::new() };
    phone.engine.api().append(&append.encode_to_vec()).await
}
