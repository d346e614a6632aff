use keyfold_client::{
    ProblemCode,
    api::{ApiError, Frame},
};
use keyfold_crypto::{SigningAlgorithm, SigningKey, random};
use keyfold_ledger::{Chain, Commit, Receipt};
use keyfold_wire::v1::{self, Accepted, PullEnd, Push, SealedEpochKey, Signed};
use prost::Message;

use crate::world::{
    Device, Lost, World, bytes, enrolled,
    offer::{commits, drop_first, entry, find, is_key, key, last_byte, link, named, signature},
};

/// What the server says.
#[track_caller]
fn code(answer: Result<Accepted, ApiError>) -> ProblemCode {
    answer.unwrap_err().code().unwrap()
}

/// Each is refused with its code, and leaves nothing; then the honest offer is taken.
async fn refused(lost: &Lost, cases: Vec<(ProblemCode, Box<dyn Fn(&mut Vec<Frame>)>)>) {
    let before = lost.world.laptop.everything().await;
    for (case, (expected, change)) in cases.iter().enumerate() {
        let mut offer = lost.offer.clone();
        change(&mut offer);
        assert_ne!(offer, lost.offer, "case {case} changes nothing");
        assert_eq!(code(lost.world.laptop.offers(&offer).await), *expected, "case {case}");
        assert_eq!(lost.world.laptop.everything().await, before, "case {case} left something");
    }
    lost.is_mended().await;
}

/// Only this server's own word for just these heads of just this account shows that they were lost.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_offer_under_other_receipts_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Mallory's laptop").await;
    mallory.syncs().await;
    let mallorys = mallory.engine.api().head().await.unwrap();
    let lost = Lost::of(world).await;
    let (account, server) = (lost.world.laptop.held().await.roster.account(), lost.heads().await);
    let other = SigningKey::generate(SigningAlgorithm::Ed25519, &mut random::system());
    let receipts = mallorys.clone();
    let cases: Vec<(ProblemCode, Box<dyn Fn(&mut Vec<Frame>)>)> = vec![
        (ProblemCode::RuleBroken, Box::new(|offer| named(offer).roster_receipt = None)),
        (ProblemCode::RuleBroken, Box::new(|offer| named(offer).vault_receipt = None)),
        (ProblemCode::RuleBroken, Box::new(|offer| signature(&mut named(offer).roster_receipt)[0] ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| signature(&mut named(offer).vault_receipt)[63] ^= 1)),
        (
            ProblemCode::RuleBroken,
            Box::new(|offer| {
                let heads = named(offer);
                std::mem::swap(&mut heads.roster_receipt, &mut heads.vault_receipt);
            }),
        ),
        (ProblemCode::RuleBroken, Box::new(|offer| named(offer).vault_seq += 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| named(offer).vault_head[0] ^= 1)),
        (ProblemCode::RuleBroken, Box::new(move |offer| named(offer).vault_receipt = server.vault_receipt.clone())),
        (ProblemCode::RuleBroken, Box::new(move |offer| *named(offer) = mallorys.clone())),
        (ProblemCode::RuleBroken, Box::new(move |offer| named(offer).vault_receipt = receipts.vault_receipt.clone())),
        (
            ProblemCode::RuleBroken,
            Box::new(move |offer| {
                let heads = named(offer);
                let (seq, head) = (heads.vault_seq, heads.vault_head.as_slice().try_into().unwrap());
                heads.vault_receipt = Some(Receipt { account, chain: Chain::Vault, seq, head }.issue(&other));
            }),
        ),
    ];
    refused(&lost, cases).await;
}

/// What the chains' rules do not allow.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_offer_of_changed_chains_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    world.laptop.removes(thief.id()).await;
    world.phone.syncs().await;
    let lost = Lost::of(world).await;
    let before = lost.heads().await;
    let cases: Vec<(ProblemCode, Box<dyn Fn(&mut Vec<Frame>)>)> = vec![
        // It goes past the heads that it names, which this server did sign.
        (ProblemCode::RuleBroken, Box::new(move |offer| *named(offer) = before.clone())),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut entry(offer).body) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut entry(offer).signature) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut commits(offer)[0].body) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut commits(offer)[0].signature) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut commits(offer)[1].signature) ^= 1)),
        (
            ProblemCode::HeadMoved,
            Box::new(|offer| {
                let [first, second] = commits(offer);
                std::mem::swap(first, second);
            }),
        ),
        (
            ProblemCode::RuleBroken,
            Box::new(|offer| {
                offer.retain(|frame| !matches!(frame, Frame::Entry(_) | Frame::SealedKey(_) | Frame::Link(_)));
            }),
        ),
        (ProblemCode::HeadMoved, Box::new(|offer| drop_first(offer, |frame| matches!(frame, Frame::Commit(_))))),
        (
            ProblemCode::RuleBroken,
            Box::new(move |offer| {
                let last = &mut commits(offer)[1];
                let commit = v1::Commit::decode(last.body.as_slice()).unwrap();
                **last = thief.signing().sign(&v1::Commit { author: thief.id().to_vec(), ..commit });
            }),
        ),
    ];
    refused(&lost, cases).await;
}

/// What the entry lists, and what the commits name.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_offer_of_changed_keys_or_envelopes_is_refused_and_leaves_nothing() {
    let lost = Lost::new().await;
    let phones = lost.world.phone.vault().local().storage().chains().await.unwrap().sealed_keys;
    let phones = phones.into_iter().max_by_key(|key| key.roster_seq).unwrap();
    let phones = Frame::SealedKey(SealedEpochKey { roster_seq: phones.roster_seq, sealed: phones.sealed });
    let cases: Vec<(ProblemCode, Box<dyn Fn(&mut Vec<Frame>)>)> = vec![
        (ProblemCode::RuleBroken, Box::new(move |offer| *find(offer, is_key) = phones.clone())),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut key(offer).sealed) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| key(offer).roster_seq -= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| *last_byte(&mut link(offer).sealed) ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|offer| offer.retain(|frame| !matches!(frame, Frame::Link(_))))),
        (
            ProblemCode::RuleBroken,
            Box::new(|offer| {
                let link = find(offer, |frame| matches!(frame, Frame::Link(_))).clone();
                let place = offer.iter().position(|frame| matches!(frame, Frame::Link(_))).unwrap();
                offer.insert(place, link);
            }),
        ),
        (
            ProblemCode::RuleBroken,
            Box::new(|offer| {
                let end = offer.len() - 1;
                offer.insert(end, Frame::Envelope(vec![7; 1_000]));
            }),
        ),
        (ProblemCode::RuleBroken, Box::new(|offer| offer.retain(|frame| !matches!(frame, Frame::Envelope(_))))),
        (
            ProblemCode::RuleBroken,
            Box::new(|offer| {
                let Some(Frame::Envelope(last)) = offer.iter_mut().rev().nth(1) else { panic!("an envelope") };
                *last_byte(last) ^= 1;
            }),
        ),
    ];
    refused(&lost, cases).await;
}

/// What a member makes up does not come to heads that were acknowledged, and nothing else is signed for.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_history_that_a_member_makes_up_does_not_end_an_offer() {
    let lost = Lost::new().await;
    let laptop = &lost.world.laptop;
    let pushed: Vec<_> = laptop.wire.seen().into_iter().filter(|request| request.path == "/v1/commits").collect();
    let [.., first, second] = pushed.as_slice() else { panic!("two pushes") };
    let [first, second] = [first, second].map(|request| Push::decode(request.body.as_slice()).unwrap());
    let commit = |push: &Push| v1::Commit::decode(push.commit.as_ref().unwrap().body.as_slice()).unwrap();
    let made_up = v1::Commit { at: commit(&first).at + 1, ..commit(&first) };
    let signed = laptop.signing().sign(&made_up);
    let prev = Commit::parse(&signed).unwrap().hash().to_vec();
    let (roster_head, at, epoch) = (made_up.roster_head, commit(&second).at + 1, made_up.epoch);
    let next = laptop.signing().sign(&v1::Commit { prev, roster_head, at, epoch, ..commit(&second) });

    let before = laptop.everything().await;
    let both = part(&lost, &[&signed, &next], [&first.envelopes[..], &second.envelopes].concat());
    assert_eq!(code(laptop.offers(&both).await), ProblemCode::RuleBroken, "other heads than are named");
    assert_eq!(laptop.everything().await, before);
    assert_eq!(code(laptop.offers(&part(&lost, &[&signed], first.envelopes)).await), ProblemCode::RuleBroken, "a part");
    assert_eq!(laptop.everything().await, before);
    lost.is_mended().await;
}

/// Commits and envelopes under the heads that were acknowledged.
fn part(lost: &Lost, commits: &[&Signed], envelopes: Vec<Vec<u8>>) -> Vec<Frame> {
    let commits = commits.iter().map(|commit| Frame::Commit((*commit).clone()));
    let frames = commits.chain(envelopes.into_iter().map(Frame::Envelope));
    let end = Frame::End(PullEnd { moved: false });
    [lost.offer[0].clone()].into_iter().chain(frames).chain([end]).collect()
}

/// What a device writes after the lost commits was never acknowledged, and comes with none of them.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_commit_that_was_never_acknowledged_is_not_offered() {
    let lost = Lost::new().await;
    let laptop = &lost.world.laptop;
    let at = laptop.now().await;
    let envelope = laptop.envelope(at, lost.world.mail, "after all that was lost").await;
    let next = laptop.signing().sign(&laptop.commit(at, &[(lost.world.mail, &envelope)]).await);
    let mut offer = lost.offer.clone();
    let place = offer.iter().rposition(|frame| matches!(frame, Frame::Commit(_))).unwrap();
    offer.insert(place + 1, Frame::Commit(next));
    offer.insert(place + 2, Frame::Envelope(envelope));
    let before = laptop.everything().await;
    assert_eq!(code(laptop.offers(&offer).await), ProblemCode::RuleBroken);
    assert_eq!(laptop.everything().await, before);
    lost.is_mended().await;
}

/// Bytes that are not the frames of a pull, in whatever way.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_an_offer_that_is_no_frames_is_refused_and_leaves_nothing() {
    let lost = Lost::new().await;
    let (api, honest) = (lost.world.laptop.engine.api(), bytes(lost.offer.clone()));
    let before = lost.world.laptop.everything().await;
    let too_long = vec![7; 17 * 1024 * 1024 + 1];
    assert_eq!(code(api.offer(&too_long).await), ProblemCode::TooLarge);
    let first = 4 + usize::try_from(u32::from_be_bytes(honest[..4].try_into().unwrap())).unwrap();
    let mut moved = lost.offer.clone();
    *moved.last_mut().unwrap() = Frame::End(PullEnd { moved: true });
    let bodies = [
        Vec::new(),
        vec![0; 4],
        vec![0xff; 64],
        [&u32::MAX.to_be_bytes(), &honest[4..]].concat(),
        [&[0; 4], honest.as_slice()].concat(),
        honest[..first].to_vec(),
        honest[first..].to_vec(),
        honest[..honest.len() - 1].to_vec(),
        [honest.as_slice(), &[0]].concat(),
        [honest.as_slice(), honest.as_slice()].concat(),
        [&honest[..first], honest.as_slice()].concat(),
        bytes(moved),
        bytes(lost.offer.iter().rev().cloned().collect()),
    ];
    for (case, body) in bodies.into_iter().enumerate() {
        assert_eq!(code(api.offer(&body).await), ProblemCode::Malformed, "case {case}");
    }
    assert_eq!(lost.world.laptop.everything().await, before);
    lost.is_mended().await;
}
