//! A message has one form, and a most length.

use keyfold_wire::v1::{AppendEntry, BeginEnrolment, EnrolmentOpening, ProblemCode};
use prost::Message;

use crate::world::{Answer, Device, Founding, Newcomer, Server};

/// The same message in forms that are not its own.
fn other_forms(message: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (first, rest) = message.split_first().unwrap();
    vec![
        ("a field that is unknown", [message, &[0x78, 1]].concat()),
        ("a field that stands twice", [&[*first, 0], message].concat()),
        ("a varint that is longer than it must be", [&[first | 0x80, 0][..], rest].concat()),
        ("cut short", message[..message.len() - 1].to_vec()),
        ("something else", vec![0xff; 20]),
    ]
}

fn takes_one_form(message: &[u8], ask: impl Fn(&[u8]) -> Answer) {
    for (form, bytes) in other_forms(message) {
        let code = ask(&bytes).code();
        assert_eq!(code, ProblemCode::Malformed, "{form}");
        ask(&bytes).refused(ProblemCode::Malformed);
    }
    let taken = ask(message);
    assert!(taken.status < 300, "the message itself is taken: {}", taken.status);
}

#[test]
fn whatever_is_not_the_one_form_of_a_message_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for (path, message) in [
        ("/v1/accounts", Founding::at(&server).message.encode_to_vec()),
        ("/v1/sessions", ana.sign_session(&ana.session_open()).encode_to_vec()),
        ("/v1/enrolments", BeginEnrolment { commitment: vec![3; 32] }.encode_to_vec()),
    ] {
        takes_one_form(&message, |body| server.post(path, body));
    }
    let append = AppendEntry { entry: Some(ana.sign(&ana.renaming("study"))), ..AppendEntry::default() };
    takes_one_form(&append.encode_to_vec(), |body| ana.ask("POST", "/v1/roster", body));
    let ben = Device::founded(&server);
    takes_one_form(&ben.commit().1.encode_to_vec(), |body| ben.ask("POST", "/v1/commits", body));
}

#[test]
fn each_step_of_an_enrolment_has_one_form() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let phone = Newcomer::begins(&server);
    let approval = ana.approval(phone.id());
    takes_one_form(&approval.encode_to_vec(), |body| ana.ask("POST", &phone.path("approval"), body));
    let opening = phone.opening(&approval);
    takes_one_form(&opening.encode_to_vec(), |body| server.post(&phone.path("opening"), body));
    for (_, offer) in other_forms(&opening.offer) {
        let other = EnrolmentOpening { offer, ..opening.clone() };
        assert!(phone.post("opening", &other).status >= 400);
    }
}

#[test]
fn what_is_signed_has_one_form_too() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for (form, body) in other_forms(&ana.session_open().encode_to_vec()) {
        let signed = keyfold_wire::v1::Signed { body, signature: vec![1; 64] };
        assert_eq!(server.post("/v1/sessions", &signed.encode_to_vec()).code(), ProblemCode::Malformed, "{form}");
    }
    let (commit, push) = ana.commit();
    for (form, body) in other_forms(&commit.encode_to_vec()) {
        let signed = keyfold_wire::v1::Signed { body, signature: vec![1; 64] };
        let other = keyfold_wire::v1::Push { commit: Some(signed), ..push.clone() };
        assert_eq!(ana.post("/v1/commits", &other).code(), ProblemCode::Malformed, "{form}");
    }
}

#[test]
fn a_body_has_a_most_length_and_one_byte_more_is_too_large() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let step = |name: &str| format!("/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/{name}");
    for (path, most) in [
        ("/v1/accounts".to_owned(), 68 * 1024),
        ("/v1/accounts/delete".to_owned(), 2 * 1024),
        ("/v1/sessions".to_owned(), 2 * 1024),
        ("/v1/enrolments".to_owned(), 64),
        ("/v1/recovery".to_owned(), 64),
    ] {
        assert_eq!(server.post(&path, &vec![0; most]).code(), ProblemCode::Malformed, "{path}");
        server.post(&path, &vec![0; most + 1]).refused(ProblemCode::TooLarge);
    }
    assert_eq!(ana.ask("POST", "/v1/roster", &vec![0; 160 * 1024]).code(), ProblemCode::Malformed);
    ana.ask("POST", "/v1/roster", &vec![0; 160 * 1024 + 1]).refused(ProblemCode::TooLarge);
    server.post(&step("opening"), &vec![0; 8 * 1024 + 1]).refused(ProblemCode::TooLarge);
    for path in [step("approval"), step("completion")] {
        ana.ask("POST", &path, &vec![0; 8 * 1024 + 1]).refused(ProblemCode::TooLarge);
    }
    let head = ana.session.head("POST", "/v1/commits", b"").replace("content-length: 0", "content-length: 17825793");
    server.line().ask(&head, b"").refused(ProblemCode::TooLarge);
}

#[test]
fn a_body_that_announces_no_length_is_cut_off_at_the_most() {
    let server = Server::start();
    let head = "POST /v1/enrolments HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [b"41\r\n".as_slice(), &[0; 0x41], b"\r\n0\r\n\r\n"].concat();
    server.line().ask(head, &chunk).refused(ProblemCode::TooLarge);
}

#[test]
fn what_takes_no_body_takes_none() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for path in ["/v1/head", "/v1/pull", "/v1/hints", "/v1/enrolments?code=22222222"] {
        ana.ask("GET", path, b"x").refused(ProblemCode::TooLarge);
    }
    server.post("/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/failure", b"x").refused(ProblemCode::TooLarge);
}
