use bytes::Bytes;
use futures_util::stream;
use keyfold_client::ProblemCode;
use keyfold_tests::{Device, Http, Server, Session, Shop};
use reqwest::{Body, Method, RequestBuilder};

/// The routes that take a body from anybody.
const ANONYMOUS: [&str; 5] = [
    "/v1/accounts",
    "/v1/accounts/delete",
    "/v1/sessions",
    "/v1/enrolments",
    "/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/opening",
];

/// The routes that take a body from a device.
const FROM_DEVICES: [&str; 4] = [
    "/v1/roster",
    "/v1/commits",
    "/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/approval",
    "/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/completion",
];

#[test]
fn what_is_no_protobuf_is_refused_on_every_route() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let http = Http::to(&server);
    let session = Session::of(&a, &http);
    let begun = begun_enrolment(&http);
    // A tag cut short, a length that lies, a field nobody knows, and text.
    for garbage in [&b"\x0a"[..], b"\x0a\x7fshort", b"\xfa\x7f\x01x", b"{\"json\": true}"] {
        for route in ANONYMOUS {
            let route = route.replace("aaaaaaaaaaaaaaaaaaaaaaaaaa", &begun);
            http.post(&route, garbage.to_vec()).refused(400, ProblemCode::Malformed);
        }
        for route in FROM_DEVICES {
            let route = route.replace("aaaaaaaaaaaaaaaaaaaaaaaaaa", &begun);
            session.post(&http, &route, garbage).refused(400, ProblemCode::Malformed);
        }
    }
    for query in ["?known=never", "?wait=soon", "?wait=-1", "?unknown=1"] {
        http.get(&format!("/v1/enrolments/{begun}{query}")).refused(400, ProblemCode::Malformed);
    }
    for query in ["?roster_since=1", "?snapshot=one", "?vault_since=18446744073709551616"] {
        session.get(&http, &format!("/v1/pull{query}")).refused(400, ProblemCode::Malformed);
    }
    a.ok(&["sync"]);
}

#[test]
fn a_body_of_one_gib_is_refused_and_never_held() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let http = Http::to(&server);
    let session = Session::of(&a, &http);
    let before = server.peak_memory();
    for form in [Announced, Chunked] {
        for route in ANONYMOUS {
            http.send(Method::POST, route, |request| form.fill(request)).refused(413, ProblemCode::TooLarge);
        }
        // From a device that signed for a body, and also where none belongs.
        let routes = FROM_DEVICES.map(|route| (Method::POST, route));
        for (method, route) in routes.into_iter().chain([(Method::GET, "/v1/head"), (Method::GET, "/v1/hints")]) {
            let sign = |request| form.fill(session.sign(request, &method, route, b""));
            http.send(method.clone(), route, sign).refused(413, ProblemCode::TooLarge);
        }
        // Who is no device has nothing of it read.
        for route in FROM_DEVICES {
            http.send(Method::POST, route, |request| form.fill(request)).refused(401, ProblemCode::Unauthenticated);
        }
    }
    let grown = server.peak_memory() - before;
    assert!(grown < 64 << 20, "the server grew by {grown} bytes");

    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    a.ok(&["sync"]);
}

/// How the length of a body is told.
#[derive(Clone, Copy)]
enum Form {
    Announced,
    Chunked,
}
use Form::{Announced, Chunked};

impl Form {
    /// Adds a body of 1 GiB, which is made while it is sent.
    fn fill(self, request: RequestBuilder) -> RequestBuilder {
        let piece = Bytes::from(vec![0; 1 << 20]);
        let pieces = stream::iter(std::iter::repeat_n(piece, 1 << 10).map(Ok::<_, std::io::Error>));
        let request = request.body(Body::wrap_stream(pieces));
        match self {
            Announced => request.header("content-length", 1_u64 << 30),
            Chunked => request.header("transfer-encoding", "chunked"),
        }
    }
}

/// The id of an enrolment that waits.
fn begun_enrolment(http: &Http) -> String {
    use keyfold_wire::{
        EnrolmentId,
        v1::{BeginEnrolment, BegunEnrolment},
    };
    use prost::Message;
    let reply = http.post("/v1/enrolments", BeginEnrolment { commitment: vec![7; 32] }.encode_to_vec());
    let begun = BegunEnrolment::decode(reply.body.as_slice()).unwrap();
    EnrolmentId::try_from(begun.enrolment.as_slice()).unwrap().to_string()
}
