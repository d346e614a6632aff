//! Which routes there are, and which methods each takes.

use keyfold_wire::v1::ProblemCode;

use crate::world::Server;

const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn a_method_that_a_route_does_not_have_is_not_allowed() {
    let server = Server::start();
    let step = |name: &str| format!("/v1/enrolments/{ID}/{name}");
    let routes = [
        ("/v1/server".to_owned(), vec!["GET"]),
        ("/v1/accounts".to_owned(), vec!["POST"]),
        ("/v1/accounts/delete".to_owned(), vec!["POST"]),
        ("/v1/sessions".to_owned(), vec!["POST"]),
        ("/v1/recovery".to_owned(), vec!["POST"]),
        ("/v1/head".to_owned(), vec!["GET"]),
        ("/v1/roster".to_owned(), vec!["POST"]),
        ("/v1/commits".to_owned(), vec!["POST"]),
        ("/v1/pull".to_owned(), vec!["GET"]),
        ("/v1/hints".to_owned(), vec!["GET"]),
        ("/v1/enrolments".to_owned(), vec!["GET", "POST"]),
        (format!("/v1/enrolments/{ID}"), vec!["GET"]),
        (step("approval"), vec!["POST"]),
        (step("opening"), vec!["POST"]),
        (step("completion"), vec!["POST"]),
        (step("failure"), vec!["POST"]),
    ];
    for (path, takes) in routes {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = server.line().ask(&format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"");
            assert_eq!(answer.status != 405, takes.contains(&method), "{method} {path}: {}", answer.status);
            if answer.status == 405 {
                assert!(answer.body.is_empty());
                assert_eq!(answer.field("allow"), Some(takes.join(", ")), "{method} {path}");
            }
        }
    }
}

#[test]
fn a_path_that_is_no_route_is_not_found() {
    let server = Server::start();
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/server/",
        "/v1//server",
        "/V1/server",
        "/v2/server",
        "/v1/head/x",
        "/v1/enrolments/",
        "/v1/enrolments/x/y/z",
        "/v1/enrolments/x/approvals",
        "/v1/recoveries",
    ] {
        server.get(path).refused(ProblemCode::NotFound);
        server.post(path, b"").refused(ProblemCode::NotFound);
    }
}

#[test]
fn what_is_not_the_form_of_an_enrolments_id_names_none() {
    let server = Server::start();
    for id in
        ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAA", "aaaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "%20", ID]
    {
        server.get(&format!("/v1/enrolments/{id}")).refused(ProblemCode::NotFound);
        server.post(&format!("/v1/enrolments/{id}/failure"), b"").refused(ProblemCode::NotFound);
    }
}
