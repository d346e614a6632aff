//! The steps of an enrolment, in their order, and who may take them.

use std::time::Duration;

use keyfold_wire::v1::{EnrolmentApproval, EnrolmentCompletion, EnrolmentOpening, EnrolmentState, ProblemCode};

use crate::world::{Device, Newcomer, Server};

const MINUTE: u64 = 60 * 1000;

#[test]
fn a_commitment_is_a_hash() {
    let server = Server::start();
    for commitment in [vec![], vec![3; 31], vec![3; 33]] {
        let begin = keyfold_wire::v1::BeginEnrolment { commitment };
        server.post("/v1/enrolments", &prost::Message::encode_to_vec(&begin)).refused(ProblemCode::Malformed);
    }
}

#[test]
fn a_step_that_comes_before_its_turn_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let phone = Newcomer::begins(&server);
    let approval = ana.approval(phone.id());
    phone.post("opening", &phone.opening(&approval)).refused(ProblemCode::EnrolmentStep);
    ana.post(&phone.path("completion"), &completion(&ana, 1)).refused(ProblemCode::EnrolmentStep);
    assert_eq!(ana.post(&phone.path("approval"), &approval).status, 204);
    ana.post(&phone.path("completion"), &completion(&ana, 1)).refused(ProblemCode::EnrolmentStep);
}

#[test]
fn one_approver_claims_an_enrolment_and_may_say_so_again() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let (ben, phone) = (Device::enrolled_by(&ana), Newcomer::begins(&server));
    let approval = ana.approval(phone.id());
    assert_eq!(ana.post(&phone.path("approval"), &approval).status, 204);
    assert_eq!(ana.post(&phone.path("approval"), &approval).status, 204);
    ben.post(&phone.path("approval"), &ben.approval(phone.id())).refused(ProblemCode::EnrolmentStep);
    let other = EnrolmentApproval { approver_nonce: vec![9; 32], ..approval };
    ana.post(&phone.path("approval"), &other).refused(ProblemCode::EnrolmentStep);
}

#[test]
fn an_approval_speaks_for_its_sender_about_this_enrolment_at_this_server() {
    let server = Server::start();
    let (ana, stranger) = (Device::founded(&server), Device::founded(&server));
    let phone = Newcomer::begins(&server);
    let approve = |change: fn(&mut EnrolmentApproval, &Device<'_>)| {
        let mut approval = ana.approval(phone.id());
        change(&mut approval, &stranger);
        ana.post(&phone.path("approval"), &approval)
    };
    approve(|approval, _| approval.suite = 2).refused(ProblemCode::Malformed);
    approve(|approval, _| approval.approver_nonce.truncate(31)).refused(ProblemCode::Malformed);
    approve(|approval, _| approval.enrolment = vec![7; 16]).refused(ProblemCode::RuleBroken);
    approve(|approval, _| approval.log_key = vec![7; 32]).refused(ProblemCode::RuleBroken);
    approve(|approval, other| approval.approver = other.id().to_vec()).refused(ProblemCode::NotAMember);
    approve(|approval, other| approval.account = other.account().to_vec()).refused(ProblemCode::NotAMember);
    let moved = approve(|approval, _| approval.roster_head = vec![7; 32]).refused(ProblemCode::HeadMoved);
    assert_eq!(moved.heads.map(|heads| heads.roster_seq), Some(1));
    ana.post("/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/approval", &ana.approval(phone.id()))
        .refused(ProblemCode::NotFound);
    server.post(&phone.path("approval"), b"").refused(ProblemCode::Unauthenticated);
    assert_eq!(approve(|_, _| {}).status, 204);
}

#[test]
fn an_opening_is_of_the_offer_that_was_committed_to_and_signed_by_its_device() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let (phone, other) = (Newcomer::begins(&server), Newcomer::begins(&server));
    let approval = ana.approval(phone.id());
    assert_eq!(ana.post(&phone.path("approval"), &approval).status, 204);
    let good = phone.opening(&approval);
    phone.post("opening", &other.opening(&approval)).refused(ProblemCode::RuleBroken);
    let changed = EnrolmentApproval { approver_nonce: vec![9; 32], ..approval };
    phone.post("opening", &phone.opening(&changed)).refused(ProblemCode::RuleBroken);
    phone.post("opening", &EnrolmentOpening { mac: vec![1; 31], ..good.clone() }).refused(ProblemCode::Malformed);
    assert_eq!(phone.post("opening", &good).status, 204);
    assert_eq!(phone.post("opening", &good).status, 204, "the same again is no error");
    let again = EnrolmentOpening { mac: vec![1; 32], ..good };
    phone.post("opening", &again).refused(ProblemCode::EnrolmentStep);
}

#[test]
fn the_last_word_is_the_approvers_and_names_its_entry() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let (ben, phone) = (Device::enrolled_by(&ana), Newcomer::begins(&server));
    let approval = ana.approval(phone.id());
    assert_eq!(ana.post(&phone.path("approval"), &approval).status, 204);
    assert_eq!(phone.post("opening", &phone.opening(&approval)).status, 204);
    ana.post(&phone.path("completion"), &completion(&ana, 2)).refused(ProblemCode::EnrolmentStep);

    let bens = completion(&ana, 2);
    phone.added_by(&ana, &approval);
    let good = completion(&ana, 3);
    ben.post(&phone.path("completion"), &good).refused(ProblemCode::NotAMember);
    for wrong in [completion(&ana, 2), completion(&ana, 99), bens] {
        ana.post(&phone.path("completion"), &wrong).refused(ProblemCode::RuleBroken);
    }
    let mac = EnrolmentCompletion { mac: vec![1; 31], ..good.clone() };
    ana.post(&phone.path("completion"), &mac).refused(ProblemCode::Malformed);
    assert!(server.get(&phone.path("")).message::<EnrolmentState>().completion.is_none());
    assert_eq!(ana.post(&phone.path("completion"), &good).status, 204);
    assert_eq!(ana.post(&phone.path("completion"), &good).status, 204, "the same again is no error");
    assert_eq!(server.get(&phone.path("")).message::<EnrolmentState>().completion, Some(good));
}

#[test]
fn an_enrolment_that_failed_or_expired_has_ended() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let (denied, late) = (Newcomer::begins(&server), Newcomer::begins(&server));
    assert_eq!(server.post(&denied.path("failure"), b"").status, 204);
    assert_eq!(server.post(&denied.path("failure"), b"").status, 204, "failing twice is no error");
    server.get(&denied.path("")).refused(ProblemCode::EnrolmentEnded);
    ana.post(&denied.path("approval"), &ana.approval(denied.id())).refused(ProblemCode::EnrolmentEnded);

    let approval = ana.approval(late.id());
    assert_eq!(ana.post(&late.path("approval"), &approval).status, 204);
    server.wait(Duration::from_millis(10 * MINUTE));
    server.get(&late.path("")).refused(ProblemCode::EnrolmentEnded);
    late.post("opening", &late.opening(&approval)).refused(ProblemCode::EnrolmentEnded);
}

#[test]
fn three_codes_that_name_nothing_and_then_none_is_looked_up() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let phone = Newcomer::begins(&server);
    let find = |device: &Device<'_>, code: &str| device.get(&format!("/v1/enrolments?code={code}"));
    for _ in 0..5 {
        let state: EnrolmentState = find(&ana, &phone.begun.short_code).message();
        assert_eq!(state.enrolment, phone.begun.enrolment);
    }
    for code in ["22222222", "hello", "%20"] {
        find(&ana, code).refused(ProblemCode::NotFound);
    }
    find(&ana, &phone.begun.short_code).refused(ProblemCode::TooManyGuesses);
    find(&ben, &phone.begun.short_code.to_uppercase()).message::<EnrolmentState>();
    ana.get("/v1/enrolments").refused(ProblemCode::Malformed);
}

#[test]
fn a_state_is_waited_for_by_the_names_of_its_steps() {
    let server = Server::start();
    let phone = Newcomer::begins(&server);
    let state: EnrolmentState = server.get(&phone.path("")).message();
    assert_eq!((state.enrolment, state.commitment.len()), (phone.begun.enrolment.clone(), 32));
    for query in ["known=claimed", "known=Begun", "known=", "wait=-1", "wait=soon", "known=begun&known=begun"] {
        server.get(&format!("{}?{query}", phone.path(""))).refused(ProblemCode::Malformed);
    }
    server.get(&format!("{}?known=begun&wait=0", phone.path(""))).message::<EnrolmentState>();
}

/// A last word that names the account's latest entry, as if it stood there.
fn completion(device: &Device<'_>, seq: u64) -> EnrolmentCompletion {
    let account = device.account().to_vec();
    EnrolmentCompletion { account, seq, entry_hash: device.roster_head(), mac: Vec::new() }
}
