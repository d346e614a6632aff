//! What a device may add to the two chains.

use keyfold_crypto::{SigningAlgorithm, SigningKey};
use keyfold_wire::v1::{
    Accepted, AppendEntry, Commit, Heads, ProblemCode, Push, ReplaceLogKey, RosterEntry, SealedKey, roster_entry::Body,
};

use crate::world::{Answer, Device, Server};

const MINUTE: u64 = 60 * 1000;

/// Pushes a commit that the device signs, with these envelopes.
fn push(device: &Device<'_>, commit: &Commit, envelopes: Vec<Vec<u8>>) -> Answer {
    device.post("/v1/commits", &Push { commit: Some(device.sign(commit)), envelopes })
}

fn append(device: &Device<'_>, entry: &RosterEntry) -> Answer {
    device.post("/v1/roster", &AppendEntry { entry: Some(device.sign(entry)), ..AppendEntry::default() })
}

fn heads(device: &Device<'_>) -> (u64, u64) {
    let heads: Heads = device.get("/v1/head").message();
    (heads.roster_seq, heads.vault_seq)
}

#[test]
fn a_device_commits_only_what_it_has_authored_itself() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let (_, anas) = ana.commit();
    ben.post("/v1/commits", &anas).refused(ProblemCode::RuleBroken);
    let (commit, Push { envelopes, .. }) = ana.commit();
    push(&ben, &commit, envelopes).refused(ProblemCode::RuleBroken);
    assert_eq!(heads(&ana).1, 0);
    ana.post("/v1/commits", &anas).message::<Accepted>();
}

#[test]
fn a_commit_that_breaks_a_rule_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(2, 400);
    type Break = fn(&mut Commit);
    let changes: [(&str, Break); 6] = [
        ("the set is not the one after it", |commit| commit.set_hash[0] ^= 1),
        ("it counts wrong", |commit| commit.count += 1),
        ("it is of another epoch", |commit| commit.epoch = 2),
        ("a revision is left out", |commit| commit.changes[0].revision = 2),
        ("it leaves out a position", |commit| commit.seq += 1),
        ("it begins anew", |commit| commit.seq = 1),
    ];
    for (rule, change) in changes {
        let (mut commit, Push { envelopes, .. }) = ana.commit();
        change(&mut commit);
        let answer = push(&ana, &commit, envelopes);
        assert_eq!(answer.code(), ProblemCode::RuleBroken, "{rule}");
    }
    let (_, mut damaged) = ana.commit();
    damaged.commit.as_mut().unwrap().signature[9] ^= 1;
    ana.post("/v1/commits", &damaged).refused(ProblemCode::RuleBroken);
    assert_eq!(heads(&ana).1, 1);
}

#[test]
fn a_commit_that_is_not_of_its_form_is_malformed() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let changes: [fn(&mut Commit); 5] = [
        |commit| commit.suite = 2,
        |commit| commit.changes.clear(),
        |commit| commit.prev.truncate(31),
        |commit| commit.changes.push(commit.changes[0].clone()),
        |commit| commit.author.clear(),
    ];
    for change in changes {
        let (mut commit, Push { envelopes, .. }) = ana.commit();
        change(&mut commit);
        push(&ana, &commit, envelopes).refused(ProblemCode::Malformed);
    }
    ana.post("/v1/commits", &Push::default()).refused(ProblemCode::Malformed);
}

#[test]
fn the_envelopes_of_a_push_are_those_that_its_commit_names() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let good = ana.draft(vec![vec![1; 400], vec![2; 400]]);
    let changes: [fn(&mut Vec<Vec<u8>>); 4] = [
        |envelopes| drop(envelopes.pop()),
        |envelopes| envelopes.push(vec![3; 400]),
        |envelopes| envelopes.swap(0, 1),
        |envelopes| envelopes[1][0] ^= 1,
    ];
    for change in changes {
        let mut other = good.clone();
        change(&mut other.envelopes);
        ana.post("/v1/commits", &other).refused(ProblemCode::RuleBroken);
    }
    let large = ana.draft(vec![vec![1; 66_561]]);
    ana.post("/v1/commits", &large).refused(ProblemCode::TooLarge);
    ana.post("/v1/commits", &good).message::<Accepted>();
}

#[test]
fn a_commit_that_another_write_came_before_is_told_where_the_server_stands() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let (_, before_a_commit) = ana.commit();
    ana.fill(1, 400);
    let moved = ana.post("/v1/commits", &before_a_commit).refused(ProblemCode::HeadMoved);
    assert_eq!(moved.heads, Some(ana.get("/v1/head").message()));

    let (_, before_an_entry) = ana.commit();
    append(&ana, &ana.renaming("study")).message::<Accepted>();
    let moved = ana.post("/v1/commits", &before_an_entry).refused(ProblemCode::HeadMoved);
    assert_eq!(moved.heads.map(|heads| (heads.roster_seq, heads.vault_seq)), Some((2, 1)));
}

#[test]
fn a_commits_time_does_not_go_back_and_is_not_far_ahead() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(1, 400);
    for at in [server.now() - MINUTE, server.now() + 6 * MINUTE] {
        let (commit, Push { envelopes, .. }) = ana.commit();
        push(&ana, &Commit { at, ..commit }, envelopes).refused(ProblemCode::BadTime);
    }
    let (commit, Push { envelopes, .. }) = ana.commit();
    push(&ana, &Commit { at: server.now() + 4 * MINUTE, ..commit }, envelopes).message::<Accepted>();
}

#[test]
fn a_commit_that_was_accepted_gets_the_same_answer_again() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let first = ana.draft(vec![vec![1; 400]]);
    let answer = ana.post("/v1/commits", &first);
    answer.message::<Accepted>();
    ana.pushed(&first);
    ana.fill(1, 400);
    assert_eq!(ana.post("/v1/commits", &first).body, answer.body);
    assert_eq!(heads(&ana).1, 2);
}

#[test]
fn a_removed_device_and_one_of_a_deleted_account_write_nothing() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    ana.remove(&ben);
    ben.post("/v1/commits", &ben.commit().1).refused(ProblemCode::NotAMember);
    append(&ben, &ben.renaming("still here")).refused(ProblemCode::NotAMember);

    ana.delete_account();
    ana.post("/v1/commits", &ana.commit().1).refused(ProblemCode::AccountDeleted);
    append(&ana, &ana.renaming("still here")).refused(ProblemCode::AccountDeleted);
}

#[test]
fn a_device_appends_only_what_it_has_authored_itself_and_what_the_rules_allow() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let anas = AppendEntry { entry: Some(ana.sign(&ana.renaming("study"))), ..AppendEntry::default() };
    ben.post("/v1/roster", &anas).refused(ProblemCode::RuleBroken);
    append(&ben, &ana.renaming("study")).refused(ProblemCode::RuleBroken);

    let strange = SigningKey::from_secret(SigningAlgorithm::Ed25519, &[9; 32]).unwrap().verifying_key();
    let body = Some(Body::ReplaceLogKey(ReplaceLogKey { log_key: strange.as_bytes().to_vec() }));
    append(&ana, &RosterEntry { body, ..ana.renaming("study") }).refused(ProblemCode::RuleBroken);
    let mut damaged = anas.clone();
    damaged.entry.as_mut().unwrap().signature[9] ^= 1;
    ana.post("/v1/roster", &damaged).refused(ProblemCode::RuleBroken);
    assert_eq!(heads(&ana).0, 2);
    ana.post("/v1/roster", &anas).message::<Accepted>();
}

#[test]
fn an_entry_comes_with_exactly_the_keys_that_it_lists() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let entry = Some(ana.sign(&ana.renaming("study")));
    let key = SealedKey { member: ana.id().to_vec(), sealed: vec![1; 1_168] };
    ana.post("/v1/roster", &AppendEntry { entry, sealed_keys: vec![key], links: Vec::new() })
        .refused(ProblemCode::RuleBroken);
    ana.post("/v1/roster", &AppendEntry::default()).refused(ProblemCode::Malformed);
}

#[test]
fn an_entrys_place_and_time_are_held_against_the_chain() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let before = ana.renaming("study");
    ana.fill(1, 400);
    let moved = append(&ana, &before).refused(ProblemCode::HeadMoved);
    assert_eq!(moved.heads, Some(ana.get("/v1/head").message()));
    for at in [1, server.now() + 6 * MINUTE] {
        append(&ana, &RosterEntry { at, ..ana.renaming("study") }).refused(ProblemCode::BadTime);
    }
    let good = append(&ana, &ana.renaming("study"));
    good.message::<Accepted>();
}

#[test]
fn an_account_that_is_full_takes_no_more() {
    let server = Server::start_with(|settings| settings.limits.items = 3);
    let ana = Device::founded(&server);
    ana.fill(3, 400);
    ana.post("/v1/commits", &ana.commit().1).refused(ProblemCode::QuotaExceeded);
}
