//! What a query may say.

use keyfold_wire::v1::ProblemCode;

use crate::world::{Device, Server};

#[test]
fn a_query_that_a_route_does_not_have_is_refused() {
    let server = Server::start();
    let ana = Device::founded(&server);
    for path in ["/v1/head?x=1", "/v1/hints?roster_since=1", "/v1/pull?since=1", "/v1/pull?roster_since=1&x=2"] {
        assert_eq!(ana.get(path).code(), ProblemCode::Malformed, "{path}");
    }
    for path in ["/v1/roster?x=1", "/v1/commits?code=1", "/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa/approval?x"] {
        assert_eq!(ana.ask("POST", path, b"").code(), ProblemCode::Malformed, "{path}");
    }
    for path in
        ["/v1/accounts?x=1", "/v1/accounts/delete?x", "/v1/sessions?x=1", "/v1/recovery?x=1", "/v1/enrolments?code=1"]
    {
        assert_eq!(server.post(path, b"").code(), ProblemCode::Malformed, "{path}");
    }
    for path in ["/v1/server?x=1", "/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa?waits=1"] {
        assert_eq!(server.get(path).code(), ProblemCode::Malformed, "{path}");
    }
    assert_eq!(
        server.get("/v1/enrolments/aaaaaaaaaaaaaaaaaaaaaaaaaa?wait=0&known=begun").code(),
        ProblemCode::NotFound
    );
}

#[test]
fn what_was_wrong_with_a_query_is_not_repeated() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let answer = ana.get("/v1/pull?roster_since=secret%0aforged&vault_since=1");
    assert_eq!(answer.code(), ProblemCode::Malformed);
    assert!(!answer.problem().detail.contains("secret") && answer.problem().detail.lines().count() == 1);
}
