//! Who may make an account, and who may end it.

use std::time::Duration;

use keyfold_crypto::{SigningAlgorithm, SigningKey};
use keyfold_server::{config::SignUpSetting, serve};
use keyfold_vault::{Invites, SystemClock};
use keyfold_wire::v1::{Accepted, AccountDelete, CreateAccount, ProblemCode, Signed};
use prost::Message;
use std::sync::Arc;

use crate::world::{Answer, Device, Founding, Server};

const MINUTE: u64 = 60 * 1000;

fn create(server: &Server, message: &CreateAccount) -> Answer {
    server.post("/v1/accounts", &message.encode_to_vec())
}

fn delete(server: &Server, request: &Signed) -> Answer {
    server.post("/v1/accounts/delete", &request.encode_to_vec())
}

#[test]
fn the_same_creation_again_gets_the_same_answer_and_another_on_its_genesis_none() {
    let server = Server::start();
    let founding = Founding::at(&server);
    let first = create(&server, &founding.message);
    let heads = first.message::<Accepted>().heads.unwrap();
    assert_eq!((heads.roster_seq, heads.vault_seq), (1, 0));
    assert_eq!(create(&server, &founding.message).body, first.body);
    create(&server, &founding.with_another_rotation()).refused(ProblemCode::AccountExists);
    assert_eq!(create(&server, &founding.message).body, first.body);
}

#[test]
fn an_account_that_was_made_for_another_server_is_refused() {
    let server = Server::start();
    let other = SigningKey::from_secret(SigningAlgorithm::Ed25519, &[9; 32]).unwrap().verifying_key();
    create(&server, &Founding::of(&other, server.now()).message).refused(ProblemCode::RuleBroken);
}

#[test]
fn a_creation_with_a_part_that_is_missing_or_anothers_is_refused() {
    let server = Server::start();
    let other = Founding::at(&server).message;
    let missing: [fn(&mut CreateAccount); 3] =
        [|message| message.genesis = None, |message| message.rotation = None, |message| message.sealed_key = None];
    for change in missing {
        let mut message = Founding::at(&server).message;
        change(&mut message);
        create(&server, &message).refused(ProblemCode::Malformed);
    }
    let wrong: [fn(&mut CreateAccount, &CreateAccount); 5] = [
        |message, other| message.rotation = other.rotation.clone(),
        |message, other| message.sealed_key = other.sealed_key.clone(),
        |message, _| message.sealed_key.as_mut().unwrap().sealed[7] ^= 1,
        |message, _| message.genesis.as_mut().unwrap().signature[7] ^= 1,
        |message, _| message.rotation.as_mut().unwrap().signature[7] ^= 1,
    ];
    for change in wrong {
        let mut message = Founding::at(&server).message;
        change(&mut message, &other);
        create(&server, &message).refused(ProblemCode::RuleBroken);
    }
}

#[test]
fn a_clock_that_is_five_minutes_ahead_founds_nothing() {
    let server = Server::start();
    let founding = Founding::at(&server);
    server.wait(Duration::from_millis(10 * MINUTE));
    create(&server, &founding.message).message::<Accepted>();

    let log_key = SigningKey::from_secret(SigningAlgorithm::Ed25519, &[9; 32]).unwrap().verifying_key();
    let ahead = Founding::of(&log_key, server.now() + 6 * MINUTE).message;
    create(&server, &ahead).refused(ProblemCode::RuleBroken);
    let ahead = Founding::at_time(&server, server.now() + 6 * MINUTE).message;
    create(&server, &ahead).refused(ProblemCode::BadTime);
}

#[test]
fn where_sign_up_is_closed_nobody_comes_in() {
    let server = Server::start_with(|settings| settings.sign_up = SignUpSetting::Closed);
    create(&server, &Founding::at(&server).message).refused(ProblemCode::SignUpClosed);
}

#[test]
fn where_sign_up_is_by_invite_an_invite_lets_one_account_in() {
    let server = Server::start_with(|settings| settings.sign_up = SignUpSetting::Invite);
    let invite = invite(&server);
    let with = |invite: &str| {
        let mut founding = Founding::at(&server);
        founding.message.invite = invite.to_owned();
        founding.message
    };
    for wrong in ["", "hello", "aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        create(&server, &with(wrong)).refused(ProblemCode::InviteInvalid);
    }
    let first = with(&invite);
    let answer = create(&server, &first);
    answer.message::<Accepted>();
    create(&server, &with(&invite)).refused(ProblemCode::InviteInvalid);
    assert_eq!(create(&server, &first).body, answer.body, "the same creation is not another");
}

#[test]
fn an_invite_ends_with_its_day() {
    let server = Server::start_with(|settings| settings.sign_up = SignUpSetting::Invite);
    let mut founding = Founding::at(&server);
    founding.message.invite = invite(&server);
    server.wait(Duration::from_millis(24 * 60 * MINUTE));
    create(&server, &founding.message).refused(ProblemCode::InviteInvalid);
}

/// An invite for a day, as an operator makes it beside the server that runs.
fn invite(server: &Server) -> String {
    server.beside(async {
        let settings = keyfold_server::config::Settings { data_dir: server.data().join("data"), ..Default::default() };
        let database = serve::open_database(&settings).await.unwrap();
        let invite = Invites::new(Arc::new(database.clone()), Arc::new(SystemClock)).create(1).await.unwrap();
        database.close().await.unwrap();
        invite.to_string()
    })
}

#[test]
fn an_account_is_deleted_by_a_member_for_the_devices_that_it_has_seen() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let before = deletion(&server, &ana);
    let ben = Device::enrolled_by(&ana);
    let moved = delete(&server, &ana.sign(&before)).refused(ProblemCode::HeadMoved);
    assert_eq!(moved.heads.unwrap().roster_seq, 2);

    let request = deletion(&server, &ben);
    delete(&server, &ana.sign(&request)).refused(ProblemCode::Unauthenticated);
    for at in [server.now() - 6 * MINUTE, server.now() + 6 * MINUTE] {
        delete(&server, &ben.sign(&AccountDelete { at, ..request.clone() })).refused(ProblemCode::BadTime);
    }
    let signed = ben.sign(&request);
    assert_eq!((delete(&server, &signed).status, delete(&server, &signed).status), (204, 204));
    delete(&server, &ana.sign(&deletion(&server, &ana))).refused(ProblemCode::AccountDeleted);
}

#[test]
fn a_deletion_with_a_field_out_of_its_range_or_of_nothing_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let changes: [fn(&mut AccountDelete); 4] = [
        |request| request.suite = 2,
        |request| request.account.truncate(15),
        |request| request.device.push(0),
        |request| request.roster_head.clear(),
    ];
    for change in changes {
        let mut request = deletion(&server, &ana);
        change(&mut request);
        delete(&server, &ana.sign(&request)).refused(ProblemCode::Malformed);
    }
    let nowhere = AccountDelete { account: vec![7; 16], ..deletion(&server, &ana) };
    delete(&server, &ana.sign(&nowhere)).refused(ProblemCode::NotFound);
}

#[test]
fn an_id_that_was_deleted_never_comes_back() {
    let server = Server::start();
    let founding = Founding::at(&server);
    create(&server, &founding.message).message::<Accepted>();
    let request = founding.deletion(server.now());
    assert_eq!(delete(&server, &request).status, 204);
    create(&server, &founding.message).refused(ProblemCode::AccountDeleted);
    create(&server, &founding.with_another_rotation()).refused(ProblemCode::AccountDeleted);
}

fn deletion(server: &Server, device: &Device<'_>) -> AccountDelete {
    AccountDelete {
        suite: 1,
        account: device.account().to_vec(),
        device: device.id().to_vec(),
        roster_head: device.roster_head(),
        at: server.now(),
    }
}
