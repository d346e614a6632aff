//! Who is given a session, and what the others are told.

use keyfold_wire::v1::{ProblemCode, SessionOpened};
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
