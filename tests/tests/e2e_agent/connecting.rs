use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    os::unix::{fs::PermissionsExt, net::UnixStream},
};

use keyfold_tests::{Device, Server, exit};
use serde_json::{Value, json};

use crate::{
    agent::Agent,
    browser::{Desk, Host, installed},
};

#[test]
fn a_browser_reaches_the_agent_through_its_host() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (at, socket) = installed(&a);
    let browser = at.to_str().unwrap().to_owned();
    let doctor = ["browser", "doctor", "--manifest-dir", &browser, "--socket", socket.to_str().unwrap()];

    let said = a.run(&doctor);
    // What it found is its result, also where something is wrong.
    assert_eq!(said.status, exit::NOT_FOUND.status, "{}", said.err);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert!(found[0]["wrong"].is_null() && found[2]["wrong"].is_null(), "{found}");
    assert!(found[1]["wrong"].as_str().unwrap().contains("start `keyfold agent`"), "{found}");

    let mut host = Host::started_by(&at);
    let told = host.asks(&json!({ "type": "status", "id": 1 }));
    assert_eq!((&told["type"], &told["id"], &told["code"]), (&json!("error"), &json!(1), &json!("no-agent")));

    // It connects once there is one, and what it carries is the agent's.
    let agent = Agent::ready(&a, &socket);
    a.ok(&doctor);
    let told = host.asks(&json!({ "type": "status", "id": 2 }));
    assert_eq!((&told["type"], &told["locked"]), (&json!("status"), &json!(false)), "{told}");
    assert_eq!((&told["device"], &told["passkeys"]), (&json!("Ana's laptop"), &json!(0)));

    // With the agent it ends, so that the browser knows that nobody answers any more.
    drop(agent);
    assert_eq!(host.hears(), None);
    assert!(host.child.wait().unwrap().success());

    // What a killed agent left behind is in nobody's way.
    let _again = Agent::ready(&a, &socket);
    let told = Host::started_by(&at).asks(&json!({ "type": "status", "id": 3 }));
    assert_eq!(told["type"], "status", "{told}");
}

#[test]
fn a_browser_unlocks_what_was_locked_with_the_passphrase_alone() {
    let desk = Desk::ready();
    let mut host = desk.host();
    desk.a.ok(&["lock"]);

    let told = host.asks(&json!({ "type": "status", "id": 1 }));
    assert_eq!((&told["locked"], &told["passkeys"]), (&json!(true), &json!(null)), "{told}");
    let told = host.asks(&json!({ "type": "unlock", "id": 2, "passphrase": "not the passphrase" }));
    assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(2)), "{told}");
    let told = host.asks(&json!({ "type": "status", "id": 3 }));
    assert_eq!(told["locked"], json!(true), "{told}");

    let passphrase = fs::read_to_string(desk.a.passphrase_file()).unwrap();
    let told = host.asks(&json!({ "type": "unlock", "id": 4, "passphrase": passphrase.trim_end() }));
    assert_eq!((&told["type"], &told["locked"]), (&json!("status"), &json!(false)), "{told}");
    let told = host.asks(&json!({ "type": "lock", "id": 5 }));
    assert_eq!(told["locked"], json!(true), "{told}");
}

#[test]
fn what_is_none_of_the_messages_ends_the_connection_and_not_the_agent() {
    let desk = Desk::ready();
    for nonsense in [json!({ "type": "create" }), json!({ "type": "sign", "id": 1 }), json!([1]), json!("hello")] {
        let mut host = desk.host();
        assert_eq!(host.asks(&nonsense)["type"], "hello", "it tells which protocol it speaks");
        assert_eq!(host.hears(), None, "{nonsense}");
    }
    // Longer than any message may be.
    let mut host = desk.host();
    host.to.write_all(&u32::MAX.to_ne_bytes()).unwrap();
    assert_eq!(host.hears(), None);
    assert_eq!(desk.host().asks(&json!({ "type": "status", "id": 1 }))["type"], "status");
}

#[test]
fn a_browser_that_does_not_listen_keeps_nobody_waiting_and_loses_nothing() {
    let desk = Desk::ready();
    let mut deaf = desk.host();
    // Their answers are more than a pipe holds.
    for id in 1..=500 {
        deaf.says(&json!({ "type": "status", "id": id }));
    }
    assert_eq!(desk.host().asks(&json!({ "type": "status", "id": 1 }))["type"], "status");
    for id in 1..=500 {
        let told = deaf.hears().unwrap();
        assert_eq!((&told["type"], &told["id"]), (&json!("status"), &json!(id)));
    }
}

#[test]
fn who_hands_no_browser_over_is_not_served() {
    let desk = Desk::ready();
    let browsers = desk.socket.with_extension("browser.sock");
    for said in [b"\0\0\0\x1c{\"type\":\"status\",\"id\":1}  ".as_slice(), b"\0\0", b""] {
        let mut stranger = UnixStream::connect(&browsers).unwrap();
        stranger.write_all(said).unwrap();
        stranger.shutdown(Shutdown::Write).unwrap();
        // An end, or that what was said was not even read.
        assert!(matches!(stranger.read(&mut [0; 64]), Ok(0) | Err(_)));
    }
    assert_eq!(desk.host().asks(&json!({ "type": "status", "id": 1 }))["type"], "status");
}

#[test]
fn one_agent_serves_a_socket_and_takes_no_other_files_place() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let socket = a.home().join("agent.sock");
    let agent = Agent::ready(&a, &socket);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let told = a.fails(exit::USAGE, &["agent", "--socket", socket.to_str().unwrap()]);
    assert!(told.contains("another agent serves"), "{told}");
    drop(agent);

    let file = a.home().join("notes.sock");
    fs::write(&file, "not a socket").unwrap();
    a.fails(exit::USAGE, &["agent", "--socket", file.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a socket");
}
