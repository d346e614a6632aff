use std::net::{TcpListener, TcpStream};

use keyfold_tests::{Device, Http, Server, ServerOptions, Session, Watch, does_not_start};
use serde_json::Value;

#[test]
fn the_plain_listener_serves_the_same_to_a_proxy_on_the_machine() {
    let settings = [("KEYFOLD_PLAIN_LISTEN", "127.0.0.1:0"), ("KEYFOLD_SIGN_UP", "open")];
    let server = Server::start_with(ServerOptions::with(settings));
    let a = Device::founded(&server, "Ana's laptop");
    let (plain, tls) = (Http::plain(server.ready()["plain_listen"].as_str().unwrap()), Http::to(&server));
    for http in [&plain, &tls] {
        for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
            let reply = http.get(path);
            assert_eq!((reply.status, reply.content_type.as_str()), (200, "application/json"));
            assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap()["status"], status);
        }
        // A device signs for the public URL, whoever ends TLS on the way.
        assert_eq!(Session::of(&a, http).get(http, "/v1/head").status, 200);
    }
}

#[test]
fn what_the_server_does_is_counted_on_a_listener_of_its_own() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_METRICS_LISTEN", "127.0.0.1:0")]));
    let a = Device::founded(&server, "Ana's laptop");
    let account = a.ok(&["status"])["account"].as_str().unwrap().to_owned();
    a.ok(&["sync"]);
    let metrics = Http::plain(server.ready()["metrics_listen"].as_str().unwrap());
    let told = metrics.get("/metrics");
    assert_eq!((told.status, told.content_type.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(told.body).unwrap();
    for line in [
        "keyfold_http_requests_total{method=\"POST\",route=\"/v1/accounts\",status=\"200\"} 1",
        "keyfold_database_up 1",
        "keyfold_database_waiting 0",
        "keyfold_bus_up 1",
        "keyfold_bus_waiting 0",
        "keyfold_upkeep_failures_total{chore=\"sweep\"} 0",
        "keyfold_streams{kind=\"pull\"} 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(&account) && !text.contains("Ana"), "{text}");
    // Nothing else is there, and it is nowhere else.
    assert_eq!(metrics.get("/v1/server").status, 404);
    assert_eq!(Http::to(&server).get("/metrics").status, 404);
}

#[test]
fn an_open_connection_is_counted_for_as_long_as_it_is_open() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_METRICS_LISTEN", "127.0.0.1:0")]));
    let metrics = Http::plain(server.ready()["metrics_listen"].as_str().unwrap());
    let open = || {
        let told = String::from_utf8(metrics.get("/metrics").body).unwrap();
        let line = told.lines().find_map(|line| line.strip_prefix("keyfold_connections ")).unwrap();
        line.parse::<usize>().unwrap()
    };
    let listen = server.ready()["listen"].as_str().unwrap();
    let mut held: Vec<_> = (0..3).map(|_| TcpStream::connect(listen).unwrap()).collect();
    for left in [3, 2, 0] {
        held.truncate(left);
        // The server hears of it a moment later.
        while open() != left {}
    }
}

#[test]
fn without_the_setting_nothing_is_served_without_tls() {
    let server = Server::start();
    assert!(server.ready()["plain_listen"].is_null() && server.ready()["metrics_listen"].is_null());
    let line = does_not_start(&ServerOptions::default(), &["--plain-listen", "0.0.0.0:8080"]).server_line();
    assert!(line.contains("plain_listen_beyond_loopback"), "{line}");
}

#[test]
fn a_port_that_is_taken_is_told_in_one_line() {
    let server = Server::start();
    let taken = format!("127.0.0.1:{}", server.port());
    let line = does_not_start(&ServerOptions::default(), &["--listen", &taken]).server_line();
    assert!(line.starts_with(&format!("cannot listen on {taken}: ")), "{line}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--plain-listen", &taken];
    let line = does_not_start(&ServerOptions::default(), &arguments).server_line();
    assert!(line.starts_with(&format!("cannot listen on {taken}: ")), "{line}");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_told_in_one_line() {
    let arguments = ["--listen", "127.0.0.1:0", "--data-dir", "/proc/keyfold"];
    let line = does_not_start(&ServerOptions::default(), &arguments).server_line();
    assert!(line.contains("/proc/keyfold"), "{line}");
}

#[test]
fn sigterm_lets_what_is_under_way_end_and_ends_the_streams() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let mut watch = Watch::of(&a);
    let waiting = Device::new(&server);
    let qr = waiting.new_pipe();
    let mut enroll = waiting.enroll("Ana's phone", &["--qr-file", qr.to_str().unwrap()]);
    std::fs::read_to_string(&qr).unwrap();

    assert!(server.stop().success(), "{}", server.log());
    watch.until(|event| event["event"] == "offline");
    assert_eq!(Device::new(&server).run(&["account", "create", "--server", &server.url()]).status, 4);
    enroll.kill().unwrap();
    enroll.wait().unwrap();
}
