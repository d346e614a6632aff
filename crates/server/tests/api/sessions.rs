//! Who is given a session, and what the others are told.

use keyfold_wire::v1::{ProblemCode, SessionOpen, SessionOpened, Signed};
use prost::Message;

use crate::world::{Answer, Device, Server};

#[test]
fn only_the_device_itself_learns_whether_it_is_a_member() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let ben = Device::enrolled_by(&ana);
    let eve = Device::founded(&server);
    let ask = |signer: &Device<'_>, of: &Device<'_>| -> Answer {
        let mut open = of.session_open();
        open.account = ana.account().to_vec();
        server.post("/v1/sessions", &signer.sign_session(&open).encode_to_vec())
    };
    let _: SessionOpened = ask(&ben, &ben).message();
    ana.remove(&ben);

    assert_eq!(ask(&ben, &ben).code(), ProblemCode::NotAMember);
    for named in [&ana, &ben, &eve] {
        assert_eq!(ask(&eve, named).code(), ProblemCode::Unauthenticated);
    }
    let _: SessionOpened = ask(&ana, &ana).message();
}

#[test]
fn a_session_open_is_used_once() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let signed = ana.sign_session(&ana.session_open()).encode_to_vec();
    assert_eq!(server.post("/v1/sessions", &signed).status, 200);
    assert_eq!(server.post("/v1/sessions", &signed).code(), ProblemCode::Replayed);
}

#[test]
fn a_request_with_a_field_out_of_its_range_is_malformed() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let changes: [fn(&mut SessionOpen); 5] = [
        |open| open.suite = 2,
        |open| open.account.truncate(15),
        |open| open.device.push(0),
        |open| open.nonce.truncate(8),
        |open| open.nonce.clear(),
    ];
    for change in changes {
        let mut request = ana.session_open();
        change(&mut request);
        open(&server, &ana.sign_session(&request)).refused(ProblemCode::Malformed);
    }
}

#[test]
fn a_request_for_another_server_or_by_another_key_opens_nothing() {
    let server = Server::start();
    let (ana, ben) = (Device::founded(&server), Device::founded(&server));
    let elsewhere = SessionOpen { server: "https://other.example".into(), ..ana.session_open() };
    open(&server, &ana.sign_session(&elsewhere)).refused(ProblemCode::Unauthenticated);
    open(&server, &ben.sign_session(&ana.session_open())).refused(ProblemCode::Unauthenticated);
    let mut damaged = ana.sign_session(&ana.session_open());
    damaged.signature[5] ^= 1;
    open(&server, &damaged).refused(ProblemCode::Unauthenticated);
    damaged.signature.truncate(63);
    open(&server, &damaged).refused(ProblemCode::Unauthenticated);
}

#[test]
fn a_clock_that_is_a_minute_off_opens_nothing() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let now = server.now();
    for at in [now - 62_000, now + 62_000, 0, u64::MAX] {
        open(&server, &ana.sign_session(&SessionOpen { at, ..ana.session_open() })).refused(ProblemCode::ClockSkew);
    }
    for at in [now - 50_000, now + 50_000] {
        open(&server, &ana.sign_session(&SessionOpen { at, ..ana.session_open() })).message::<SessionOpened>();
    }
}

#[test]
fn there_is_no_session_in_an_account_that_is_not_there() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let nowhere = SessionOpen { account: vec![7; 16], ..ana.session_open() };
    open(&server, &ana.sign_session(&nowhere)).refused(ProblemCode::NotFound);

    ana.delete_account();
    open(&server, &ana.sign_session(&ana.session_open())).refused(ProblemCode::AccountDeleted);
    for path in ["/v1/head", "/v1/pull", "/v1/hints"] {
        ana.get(path).refused(ProblemCode::AccountDeleted);
    }
}

fn open(server: &Server, request: &Signed) -> Answer {
    server.post("/v1/sessions", &request.encode_to_vec())
}
