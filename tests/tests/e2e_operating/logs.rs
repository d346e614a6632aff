use std::fs;

use keyfold_tests::{Device, Http, Said, Server, ServerOptions, Session, Shop};
use serde_json::Value;

#[test]
fn no_log_line_holds_what_opens_something_or_whom_it_concerns() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_LOG__LEVEL", "trace")]));
    let a = Device::founded(&server, "Ana's secret laptop");
    let session = Session::of(&a, &Http::to(&server));
    let b = Device::new(&server);
    let qr = b.new_pipe();
    let mut screen = b.screen();
    let enroll =
        b.enroll("Ana's secret phone", &["--qr-file", qr.to_str().unwrap(), "--show-code-file", screen.path()]);
    let uri = fs::read_to_string(&qr).unwrap();
    let short_code = screen.reads().replace('-', "");
    let approved = a.run_with(&["device", "approve", "--yes", "--qr", "-"], &uri).done();
    Said::by(enroll).done();
    let shop = Shop::new("shop.example");
    let made: Value =
        serde_json::from_str(&a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"))).unwrap();
    b.ok(&["sync"]);
    let invite = server.command(&["invite", "create"]).out.trim().to_owned();
    let wrong = a.run_with(&["device", "approve", "--yes", "--code-fd", "0"], "zzzz-zzzz\n");
    assert_eq!(wrong.status, 9);

    let log = server.log();
    assert!(log.contains("/v1/commits") && log.contains("/v1/enrolments/{id}"), "the story is in the log:\n{log}");
    let passphrase = fs::read_to_string(a.passphrase_file()).unwrap().trim().to_owned();
    let field = |name: &str| uri.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap().trim().to_owned();
    for (what, secret) in [
        ("a session's id", session.id()),
        ("an enrolment's id", field("e=")),
        ("a QR code's secret", field("k=")),
        ("a short code", short_code),
        ("a wrong short code", "zzzzzzzz".to_owned()),
        ("an invite", invite),
        ("a passphrase", passphrase),
        ("a relying party", "shop.example".to_owned()),
        ("a user's name", "ana@shop.example".to_owned()),
        ("a credential", made["id"].as_str().unwrap().to_owned()),
        ("a device's name", "secret laptop".to_owned()),
        ("another device's name", "secret phone".to_owned()),
        ("a device's id", approved["device"].as_str().unwrap().to_owned()),
        ("an account's id", a.ok(&["status"])["account"].as_str().unwrap().to_owned()),
    ] {
        assert!(!log.contains(&secret), "{what} is in the log: {secret}");
    }
}

#[test]
fn a_log_that_is_copied_and_cut_goes_on_from_its_beginning() {
    let folder = tempfile::TempDir::new().unwrap();
    let log = folder.path().join("keyfoldd.log");
    let options = ServerOptions { log: Some(log.clone()), ..ServerOptions::default() };
    let mut server = Server::start_with(options);
    let before = server.log();
    assert!(before.contains("serving"), "{before}");
    // What `copytruncate` in deploy/logrotate does.
    fs::copy(&log, folder.path().join("keyfoldd.log.1")).unwrap();
    fs::File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    server.stop();
    let after = server.log();
    assert!(after.contains("SIGTERM") && !after.contains("serving") && !after.contains('\0'), "{after}");
}

#[test]
fn log_lines_are_plain_text_or_json() {
    for (format, is_json) in [("human", false), ("json", true)] {
        let mut server = Server::start_with(ServerOptions::with([("KEYFOLD_LOG__FORMAT", format)]));
        Http::to(&server).get("/v1/nothing");
        server.stop();
        let log = server.log();
        assert!(log.contains("refused") && log.contains("SIGTERM"), "{log}");
        assert!(!log.contains('\u{1b}'), "a file is no terminal: {log}");
        assert_eq!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), is_json, "{log}");
    }
}
