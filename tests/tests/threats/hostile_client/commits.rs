use keyfold_client::{ProblemCode, SigningAlgorithm, api::ApiError};
use keyfold_wire::v1::{Accepted, Commit, change::Content};

use crate::world::{Device, Home, World, enrolled, push};

/// What the server says.
#[track_caller]
fn code(answer: Result<Accepted, ApiError>) -> ProblemCode {
    answer.unwrap_err().code().unwrap()
}

/// The phone's next commit of both passkeys, and its envelopes in the order of its changes.
async fn honest(world: &World) -> (Commit, [Vec<u8>; 2]) {
    let at = world.phone.now().await;
    let mut envelopes = [
        (world.mail, world.phone.envelope(at, world.mail, "new mail").await),
        (world.bank, world.phone.envelope(at, world.bank, "new bank").await),
    ];
    envelopes.sort_by_key(|(item, _)| *item);
    let named: Vec<_> = envelopes.iter().map(|(item, envelope)| (*item, envelope.as_slice())).collect();
    let commit = world.phone.commit(at, &named).await;
    (commit, envelopes.map(|(_, envelope)| envelope))
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_commit_that_breaks_a_rule_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let (commit, envelopes) = honest(&world).await;
    let laptop = world.laptop.id().to_vec();
    let (minute, year_9999) = (60_000, 253_402_300_799_000);
    let cases: Vec<(ProblemCode, Box<dyn Fn(&mut Commit)>)> = vec![
        (ProblemCode::RuleBroken, Box::new(|commit| commit.set_hash[0] ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.count += 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.changes[0].revision += 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.changes[0].revision -= 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.epoch += 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.epoch -= 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.seq += 1)),
        (ProblemCode::RuleBroken, Box::new(move |commit| commit.author = laptop.clone())),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.author[0] ^= 1)),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.changes[0].content = envelope_of(7))),
        (ProblemCode::RuleBroken, Box::new(|commit| commit.changes.truncate(1))),
        (ProblemCode::HeadMoved, Box::new(|commit| commit.prev[0] ^= 1)),
        (ProblemCode::HeadMoved, Box::new(|commit| commit.roster_head[0] ^= 1)),
        (ProblemCode::BadTime, Box::new(|commit| commit.at = 0)),
        (ProblemCode::BadTime, Box::new(move |commit| commit.at += 6 * minute)),
        (ProblemCode::BadTime, Box::new(move |commit| commit.at = year_9999)),
        (ProblemCode::Malformed, Box::new(|commit| commit.suite = 0)),
        (ProblemCode::Malformed, Box::new(|commit| commit.suite = 2)),
        (ProblemCode::Malformed, Box::new(|commit| commit.prev.truncate(31))),
        (ProblemCode::Malformed, Box::new(|commit| commit.changes.clear())),
        (ProblemCode::Malformed, Box::new(|commit| commit.changes.reverse())),
        (ProblemCode::Malformed, Box::new(|commit| commit.changes[1].item = commit.changes[0].item.clone())),
        (ProblemCode::Malformed, Box::new(|commit| commit.changes = vec![commit.changes[0].clone(); 1_001])),
    ];
    let before = world.laptop.everything().await;
    for (case, (expected, change)) in cases.iter().enumerate() {
        let mut commit = commit.clone();
        change(&mut commit);
        let refused = world.phone.pushes(&commit, &[&envelopes[0], &envelopes[1]]).await;
        assert_eq!(code(refused), *expected, "case {case}");
        assert_eq!(world.laptop.everything().await, before, "case {case} left something");
    }
    world.phone.pushes(&commit, &[&envelopes[0], &envelopes[1]]).await.unwrap();
    assert_eq!(world.laptop.syncs().await.items_pulled, 2);
}

fn envelope_of(byte: u8) -> Option<Content> {
    Some(Content::EnvelopeHash(vec![byte; 32]))
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_client_envelopes_that_the_commit_does_not_name_are_refused() {
    let world = World::new().await;
    let (commit, [first, second]) = honest(&world).await;
    let before = world.laptop.everything().await;
    let flipped = [&first[..first.len() - 1], &[first[first.len() - 1] ^ 1]].concat();
    let cases: [&[&[u8]]; 5] = [&[], &[&first], &[&second, &first], &[&first, &second, &second], &[&flipped, &second]];
    for envelopes in cases {
        assert_eq!(code(world.phone.pushes(&commit, envelopes).await), ProblemCode::RuleBroken);
    }
    assert_eq!(code(world.phone.pushes(&commit, &[&first, &[]]).await), ProblemCode::Malformed);
    let long = vec![7; 66_561];
    assert_eq!(code(world.phone.pushes(&commit, &[&long, &second]).await), ProblemCode::TooLarge);
    assert_eq!(world.laptop.everything().await, before);
}

/// Mallory has an account of her own here, and a session in it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_nobody_writes_into_another_account() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Ana's laptop").await;
    let (commit, [first, second]) = honest(&world).await;
    let before = (world.laptop.everything().await, mallory.everything().await);
    let anas = push(world.phone.signing().sign(&commit), &[&first, &second]);
    assert_eq!(code(mallory.engine.api().push(&anas).await), ProblemCode::HeadMoved, "Ana's commit under her session");

    let held = mallory.held().await;
    let moved = Commit {
        prev: held.vault.as_ref().unwrap().head().to_vec(),
        roster_head: held.roster.head().to_vec(),
        seq: 1,
        ..commit.clone()
    };
    assert_eq!(code(mallory.pushes(&moved, &[&first, &second]).await), ProblemCode::RuleBroken, "in the phone's name");
    let as_mallory = Commit { author: mallory.id().to_vec(), ..commit };
    let as_mallory = push(mallory.signing().sign(&as_mallory), &[&first, &second]);
    assert_eq!(
        code(world.phone.engine.api().push(&as_mallory).await),
        ProblemCode::RuleBroken,
        "hers under Ana's session"
    );
    assert_eq!((world.laptop.everything().await, mallory.everything().await), before);
}

/// Its session is good for some minutes more; what it asks is not.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_removed_device_does_nothing_any_more() {
    let world = World::new().await;
    let thief = enrolled(&world.home, &world.laptop).await;
    thief.syncs().await;
    world.laptop.syncs().await;
    let at = thief.now().await;
    let envelope = thief.envelope(at, world.mail, "stolen").await;
    let commit = thief.commit(at, &[(world.mail, &envelope)]).await;
    let [polls, enrols] = [thief.has_another_session(&world.home).await, thief.has_another_session(&world.home).await];
    world.laptop.removes(thief.id()).await;
    let before = world.laptop.everything().await;
    let not_a_member = Some(ProblemCode::NotAMember);
    assert_eq!(code(thief.pushes(&commit, &[&envelope]).await), ProblemCode::NotAMember);
    assert_eq!(polls.api().head().await.unwrap_err().code(), not_a_member);
    assert_eq!(enrols.api().enrolment_by_code("23456789").await.unwrap_err().code(), not_a_member);
    assert_eq!(world.laptop.everything().await, before);
}

/// What was accepted gets the same answer again; anything else is too late.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_commits_that_come_again_or_in_another_order_change_nothing() {
    let world = World::new().await;
    let (first, envelopes) = honest(&world).await;
    let prev = keyfold_ledger::Commit::parse(&world.phone.signing().sign(&first)).unwrap().hash().to_vec();
    let second = Commit { seq: first.seq + 1, prev, ..first.clone() };
    let envelopes = [envelopes[0].as_slice(), envelopes[1].as_slice()];
    assert_eq!(code(world.phone.pushes(&second, &envelopes).await), ProblemCode::HeadMoved, "the second first");
    let accepted = world.phone.pushes(&first, &envelopes).await.unwrap();
    let before = world.laptop.everything().await;
    assert_eq!(world.phone.pushes(&first, &envelopes).await.unwrap(), accepted);
    let later = Commit { at: first.at + 1, ..first };
    assert_eq!(code(world.phone.pushes(&later, &envelopes).await), ProblemCode::HeadMoved);
    assert_eq!(world.laptop.everything().await, before);
}

/// The second signature that the curve has for a commit makes no second head, and no second answer.
#[tokio::test(flavor = "multi_thread")]
async fn threat_client_a_mauled_signature_makes_no_second_head() {
    let home = Home::start().await;
    let phone = Device::founded_with(&home, "Ana's phone", SigningAlgorithm::Es256).await;
    let mail = phone.makes("mail.example").await;
    phone.syncs().await;
    let at = phone.now().await;
    let envelope = phone.envelope(at, mail, "new mail").await;
    let signed = phone.signing().sign(&phone.commit(at, &[(mail, &envelope)]).await);
    let (r, s) = p256::ecdsa::Signature::from_slice(&signed.signature).unwrap().split_scalars();
    let signature = p256::ecdsa::Signature::from_scalars(r, -s).unwrap().to_bytes().to_vec();
    let mauled = keyfold_wire::v1::Signed { signature, ..signed.clone() };
    let mauled = push(mauled, &[&envelope]);
    assert_eq!(code(phone.engine.api().push(&mauled).await), ProblemCode::RuleBroken, "before the honest one");
    phone.engine.api().push(&push(signed, &[&envelope])).await.unwrap();
    let before = phone.everything().await;
    assert_eq!(code(phone.engine.api().push(&mauled).await), ProblemCode::HeadMoved, "after it");
    assert_eq!(phone.everything().await, before);
}
