use std::net::TcpListener;

use keyfold_tests::{Collector, Device, Http, Port, Server, ServerOptions, Session, attribute};
use keyfold_wire::{AccountId, MemberId};

#[test]
fn a_request_is_traced_with_what_it_waits_for_and_without_whom_it_concerns() {
    let collector = Collector::start();
    // What is not logged is traced all the same.
    let settings = [("KEYFOLD_TRACES__OTLP_ENDPOINT", collector.url()), ("KEYFOLD_LOG__LEVEL", "error".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut server = Server::start_with(ServerOptions::with(settings));
    let a = Device::founded(&server, "Ana's laptop");
    let http = Http::to(&server);
    let session = Session::of(&a, &http);
    assert_eq!(session.get(&http, "/v1/head").status, 200);
    assert_eq!(http.get("/v1/nothing?ana").status, 404);
    assert!(server.stop().success(), "{}", server.log());

    let spans = collector.spans();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {spans:?}"));
    for (name, route, status) in
        [("POST /v1/accounts", "/v1/accounts", "200"), ("GET /v1/head", "/v1/head", "200"), ("GET none", "none", "404")]
    {
        let span = named(name);
        assert_eq!(attribute(span, "http.route").unwrap(), route);
        assert_eq!(attribute(span, "http.response.status_code").unwrap(), status);
        assert!(span.parent_span_id.is_empty() && span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
    }
    let founded = named("POST /v1/accounts");
    let within = |name: &str, outer: &[u8]| {
        let inner = spans.iter().find(|span| span.name == name && span.parent_span_id == outer);
        inner.unwrap_or_else(|| panic!("{name}: {spans:?}"))
    };
    let service = within("service", &founded.span_id);
    for name in ["begin", "commit"] {
        assert_eq!(within(name, &service.span_id).trace_id, founded.trace_id);
    }

    let account: AccountId = a.ok(&["status"])["account"].as_str().unwrap().parse().unwrap();
    let device: MemberId = a.ok(&["device", "list"])["devices"][0]["id"].as_str().unwrap().parse().unwrap();
    let (account_text, device_text, session) = (account.to_string(), device.to_string(), session.id());
    let texts = ["Ana", "ana", "127.0.0.1", "localhost", &account_text, &device_text, &session].map(str::as_bytes);
    let sent = collector.kept().concat();
    for secret in texts.into_iter().chain([account.as_bytes().as_slice(), device.as_bytes().as_slice()]) {
        let told = sent.windows(secret.len()).any(|part| part == secret);
        assert!(!told, "{} is in a trace", secret.escape_ascii());
    }
}

#[test]
fn a_part_of_the_requests_is_traced_where_no_more_is_wanted() {
    let collector = Collector::start();
    let settings = [("KEYFOLD_TRACES__OTLP_ENDPOINT", &*collector.url()), ("KEYFOLD_TRACES__SAMPLE", "0.5")];
    let mut server = Server::start_with(ServerOptions::with(settings));
    let http = Http::to(&server);
    for _ in 0..100 {
        http.get("/healthz");
    }
    assert!(server.stop().success());
    let traced = collector.spans().len();
    // Either end has a chance of 2^-100.
    assert!(traced > 0 && traced < 100, "{traced}");
}

#[test]
fn a_collector_that_is_away_or_silent_hinders_neither_serving_nor_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = Port::reserved();
    let silent_port = silent.local_addr().unwrap().port();
    for (port, told) in [(away.number(), "traces: not sent"), (silent_port, "traces: the last ones were not")] {
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut server = Server::start_with(ServerOptions::with([("KEYFOLD_TRACES__OTLP_ENDPOINT", &*endpoint)]));
        let http = Http::to(&server);
        // More than waits for it.
        for _ in 0..5_000 {
            assert_eq!(http.get("/healthz").status, 200);
        }
        Device::founded(&server, "Ana's laptop");
        assert!(server.stop().success(), "{}", server.log());
        assert!(server.log().contains(told), "{told}: {}", server.log());
    }
}
