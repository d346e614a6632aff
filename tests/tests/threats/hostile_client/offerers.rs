use std::time::Duration;

use keyfold_client::{
    ProblemCode,
    api::{ApiError, Frame},
    sync::SyncError,
    transport::{HttpsTransport, Method, Request, Transport},
};
use keyfold_wire::v1::{Accepted, CreateAccount, Heads, Problem, PullEnd};
use prost::Message;

use crate::world::{Device, Home, Lost, Reply, World, bytes, enrolled};

#[track_caller]
fn code(answer: Result<Accepted, ApiError>) -> ProblemCode {
    answer.unwrap_err().code().unwrap()
}

/// An offer of nothing at these heads.
fn nothing(heads: Heads) -> [Frame; 2] {
    [Frame::Heads(heads), Frame::End(PullEnd { moved: false })]
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_account_that_lost_nothing_takes_no_offer() {
    let world = World::new().await;
    let before = world.laptop.everything().await;
    let heads = world.laptop.engine.api().head().await.unwrap();
    assert_eq!(code(world.laptop.offers(&nothing(heads)).await), ProblemCode::NotBehind);
    assert_eq!(world.laptop.everything().await, before);

    let lost = Lost::of(world).await;
    lost.is_mended().await;
    let before = lost.world.laptop.everything().await;
    let Err(ApiError::Refused(refusal)) = lost.world.laptop.offers(&lost.offer).await else { panic!("it was taken") };
    assert_eq!((refusal.code, refusal.heads), (ProblemCode::NotBehind, Some(lost.heads().await)));
    assert_eq!(lost.world.laptop.everything().await, before);
}

/// Nothing new is signed for while what was lost is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_nothing_new_is_written_while_offers_are_awaited() {
    let world = World::new().await;
    let at = world.phone.now().await;
    let envelope = world.phone.envelope(at, world.mail, "new mail").await;
    let commit = world.phone.commit(at, &[(world.mail, &envelope)]).await;
    let rotated = world.phone.rotation(&world.phone.members_without(&[]).await).await;
    let body = keyfold_wire::v1::roster_entry::Body::Rotate(rotated.rotate.clone());
    let mut world = world;
    let backup = world.home.backs_up().await;
    world.home.is_restored(&backup).await;
    let (before, heads) = (world.laptop.everything().await, world.laptop.engine.api().head().await.unwrap());
    for answer in [world.phone.pushes(&commit, &[&envelope]).await, Box::pin(world.phone.appends(body, rotated)).await]
    {
        let Err(ApiError::Refused(refusal)) = answer else { panic!("it was taken") };
        assert_eq!((refusal.code, refusal.heads), (ProblemCode::Behind, Some(heads.clone())));
    }
    world.phone.makes("new.example").await;
    assert!(matches!(Box::pin(world.phone.engine.sync()).await, Err(SyncError::AwaitsOffers)));
    assert_eq!(world.laptop.everything().await, before);
    Box::pin(world.phone.engine.end_offers()).await.unwrap();
    assert!(world.phone.syncs().await.items_pushed > 0, "the edit that waited");
}

/// Mallory has an account of her own here; the thief's device was removed; somebody has no session at all.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_nobody_but_a_member_offers_or_ends_the_wait() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Mallory's laptop").await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    world.phone.syncs().await;
    let another = thief.has_another_session(&world.home).await;
    world.laptop.removes(thief.id()).await;
    let lost = Lost::of(world).await;
    let (laptop, offer) = (&lost.world.laptop, bytes(lost.offer.clone()));
    let before = laptop.everything().await;

    assert_eq!(code(mallory.engine.api().offer(&offer).await), ProblemCode::RuleBroken, "to her own account");
    Box::pin(mallory.engine.end_offers()).await.unwrap();
    assert_eq!(code(another.api().offer(&offer).await), ProblemCode::NotAMember);
    assert_eq!(code(thief.ends_the_wait().await), ProblemCode::NotAMember);
    for (path, body) in [("/v1/offers", offer), ("/v1/offers/end", Vec::new())] {
        assert_eq!(unsigned(&lost.world.home, path, body).await, ProblemCode::Unauthenticated);
    }
    assert_eq!(laptop.everything().await, before);
    // Ana's account still waits.
    laptop.makes("new.example").await;
    assert!(matches!(Box::pin(lost.world.phone.engine.sync()).await, Err(SyncError::Behind(_))));
    laptop.offers(&lost.offer).await.unwrap();
    assert!(matches!(Box::pin(laptop.engine.sync()).await, Err(SyncError::AwaitsOffers)));
}

/// As the backup has it the thief's device is still in the account. It is out again with the offer that holds its removal,
/// though its session goes on.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_device_whose_removal_is_offered_ends_no_wait() {
    let mut world = World::new().await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    let backup = world.home.backs_up().await;
    world.laptop.removes(thief.id()).await;
    world.home.is_restored(&backup).await;
    thief.engine.api().head().await.unwrap();
    let another = thief.has_another_session(&world.home).await;
    let offer = world.laptop.would_offer().await;
    world.laptop.offers(&offer).await.unwrap();
    let before = world.laptop.everything().await;
    assert_eq!(code(another.api().offer(&bytes(offer)).await), ProblemCode::NotAMember);
    assert_eq!(code(thief.ends_the_wait().await), ProblemCode::NotAMember);
    assert_eq!(world.laptop.everything().await, before);
    world.laptop.makes("new.example").await;
    assert!(matches!(Box::pin(world.laptop.engine.sync()).await, Err(SyncError::AwaitsOffers)), "the wait goes on");
}

async fn unsigned(home: &Home, path: &str, body: Vec<u8>) -> ProblemCode {
    let (path, patience) = (path.to_owned(), Duration::from_secs(30));
    let request = Request { method: Method::Post, path, headers: Vec::new(), body, patience };
    let answer = HttpsTransport::new(home.place(), &home.trust()).unwrap().exchange(request).await.unwrap();
    Problem::decode(answer.read(1 << 20).await.unwrap().as_slice()).unwrap().code.try_into().unwrap()
}

/// Who says that an account was here comes in past a closed door: only with the server's own word for it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_account_that_was_never_here_does_not_come_back() {
    let mut home = Home::start().await;
    let mallory = Device::founded(&home, "Mallory's laptop").await;
    let backup = home.backs_up().await;
    let laptop = Device::founded(&home, "Ana's laptop").await;
    laptop.makes("mail.example").await;
    laptop.syncs().await;
    home.closes_sign_up();
    home.is_restored(&backup).await;
    let mallorys = mallory.engine.api().head().await.unwrap();

    laptop.wire.answers(|request| (request.path == "/v1/accounts").then(|| Reply { status: 500, body: Vec::new() }));
    Box::pin(laptop.engine.offer(|_, _| {})).await.unwrap_err();
    laptop.wire.is_honest();
    let honest = CreateAccount::decode(laptop.wire.last_sent("/v1/accounts").as_slice()).unwrap();
    let cases: Vec<(ProblemCode, Box<dyn Fn(&mut CreateAccount)>)> = vec![
        (ProblemCode::SignUpClosed, Box::new(|create| create.lost = None)),
        (ProblemCode::RuleBroken, Box::new(|create| create.lost = Some(Heads::default()))),
        (ProblemCode::RuleBroken, Box::new(|create| create.lost.as_mut().unwrap().roster_receipt = None)),
        (ProblemCode::RuleBroken, Box::new(|create| create.lost.as_mut().unwrap().vault_receipt = None)),
        (ProblemCode::RuleBroken, Box::new(|create| create.lost.as_mut().unwrap().roster_seq += 1)),
        (ProblemCode::RuleBroken, Box::new(|create| create.lost.as_mut().unwrap().vault_head[0] ^= 1)),
        (ProblemCode::RuleBroken, Box::new(move |create| create.lost = Some(mallorys.clone()))),
    ];
    for (case, (expected, change)) in cases.iter().enumerate() {
        let mut create = honest.clone();
        change(&mut create);
        let created = laptop.engine.api().anonymous().create_account(&create.encode_to_vec()).await;
        assert_eq!(code(created), *expected, "case {case}");
        assert_eq!(laptop.engine.api().head().await.unwrap_err().code(), Some(ProblemCode::NotFound), "case {case}");
    }
    Box::pin(laptop.engine.offer(|_, _| {})).await.unwrap();
    laptop.makes("new.example").await;
    assert!(matches!(Box::pin(laptop.engine.sync()).await, Err(SyncError::AwaitsOffers)), "it waits for the rest");
    Box::pin(laptop.engine.end_offers()).await.unwrap();
    laptop.syncs().await;
    assert_eq!(laptop.sees().await, ["mail.example \"\"", "new.example \"\""]);
}
