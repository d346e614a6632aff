//! `keyfold agent` and `keyfold browser`: how browsers come to a device's passkeys, and what they are told when they do not.
//! What people do in a browser is told in `tests/browser`, what other programs do in `tests/conformance`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command},
    slice,
};

use keyfold_tests::{Device, Server, clock_off_by, exit, fed, started};
use serde_json::{Value, json};

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
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (at, socket) = installed(&a);
    let _agent = Agent::ready(&a, &socket);
    let mut host = Host::started_by(&at);
    a.ok(&["lock"]);

    let told = host.asks(&json!({ "type": "status", "id": 1 }));
    assert_eq!((&told["locked"], &told["passkeys"]), (&json!(true), &json!(null)), "{told}");
    let told = host.asks(&json!({ "type": "unlock", "id": 2, "passphrase": "not the passphrase" }));
    assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(2)), "{told}");
    let told = host.asks(&json!({ "type": "status", "id": 3 }));
    assert_eq!(told["locked"], json!(true), "{told}");

    let passphrase = fs::read_to_string(a.passphrase_file()).unwrap();
    let told = host.asks(&json!({ "type": "unlock", "id": 4, "passphrase": passphrase.trim_end() }));
    assert_eq!((&told["type"], &told["locked"]), (&json!("status"), &json!(false)), "{told}");
    let told = host.asks(&json!({ "type": "lock", "id": 5 }));
    assert_eq!(told["locked"], json!(true), "{told}");
}

/// A page asks and takes it back as often as it likes, while its person is away.
#[test]
fn threat_page_a_page_that_nobody_answers_keeps_no_vault_open() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (at, socket) = installed(&a);
    let _agent = Agent::ready(&a, &socket);
    let mut last_used = a.command(&["lock", "--after", "1h"]);
    last_used.envs(clock_off_by("-30m"));
    fed(last_used, "").done();

    let mut host = Host::started_by(&at);
    let options = json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example" });
    let prompt = host.asks(&json!({
        "type": "get", "id": 1, "origin": "https://shop.example", "crossOrigin": false, "rpIdChecked": true,
        "options": options,
    }));
    assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!("report-no-passkey")), "{prompt}");
    let told = host.asks(&json!({ "type": "cancel", "id": 1 }));
    assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!(1)), "{told}");

    let locked_in = |minutes: &str| {
        let mut status = a.command(&["status"]);
        status.envs(clock_off_by(minutes));
        fed(status, "").done()["locked"].clone()
    };
    assert_eq!(locked_in("+20m"), json!(null));
    assert_eq!(locked_in("+40m"), json!("idle"), "an hour after somebody was there");
}

#[test]
fn a_passkey_replaces_another_once_it_has_signed_in_and_one_that_no_page_got_is_taken_back() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (at, socket) = installed(&a);
    let _agent = Agent::ready(&a, &socket);
    let mut page = Page { host: Host::started_by(&at), passphrase: fs::read_to_string(a.passphrase_file()).unwrap() };
    let held = || {
        let listed = a.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().clone();
        let mut ids: Vec<_> = listed.iter().map(|passkey| passkey["credential_id"].clone()).collect();
        ids.sort_by_key(ToString::to_string);
        ids
    };

    let first = page.creates(1, "register");
    // The browser did not take it.
    let lost = page.creates(2, "replace");
    assert_eq!(held().len(), 2);
    page.host.says(&json!({ "type": "cancel", "id": 2 }));
    // Whatever is asked next is answered after that.
    assert_eq!(page.host.asks(&json!({ "type": "status", "id": 3 }))["passkeys"], json!(1));
    assert_eq!(held(), slice::from_ref(&first), "not {lost}");

    let second = page.creates(4, "replace");
    assert_eq!(held().len(), 2, "nobody knows yet whether the page has it");
    let shown = a.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().clone();
    let newer = shown.iter().find(|passkey| passkey["credential_id"] == second).unwrap();
    let older = shown.iter().find(|passkey| passkey["credential_id"] == first).unwrap();
    assert_eq!(newer["replaces"], json!([older["id"]]));
    assert_eq!(page.signs_in(5, &first), first);
    assert_eq!(held().len(), 2, "the older one is no reason");
    assert_eq!(page.signs_in(6, &second), second);
    assert_eq!(held(), slice::from_ref(&second));
    // It is of use, and no word of the browser's deletes it any more.
    page.host.says(&json!({ "type": "cancel", "id": 6 }));
    assert_eq!(page.host.asks(&json!({ "type": "status", "id": 7 }))["passkeys"], json!(1));
    assert_eq!(held(), [second]);
}

#[test]
fn what_is_none_of_the_messages_ends_the_connection_and_not_the_agent() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (at, socket) = installed(&a);
    let _agent = Agent::ready(&a, &socket);
    for nonsense in [json!({ "type": "create" }), json!({ "type": "sign", "id": 1 }), json!([1]), json!("hello")] {
        let mut host = Host::started_by(&at);
        assert_eq!(host.asks(&nonsense)["type"], "hello", "it tells which protocol it speaks");
        assert_eq!(host.hears(), None, "{nonsense}");
    }
    // Longer than any message may be.
    let mut host = Host::started_by(&at);
    host.to.write_all(&u32::MAX.to_ne_bytes()).unwrap();
    assert_eq!(host.hears(), None);
    assert_eq!(Host::started_by(&at).asks(&json!({ "type": "status", "id": 1 }))["type"], "status");
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

/// The native host is installed for one browser; the folder of its manifests, and the agent's socket that it will reach.
fn installed(device: &Device) -> (PathBuf, PathBuf) {
    let (at, socket) = (device.home().join("manifests"), device.home().join("agent.sock"));
    let (browser, agent) = (at.to_str().unwrap(), socket.to_str().unwrap());
    device.ok(&["browser", "install", "--manifest-dir", browser, "--socket", agent]);
    (at, socket)
}

/// An agent, which is killed when it goes.
struct Agent(Child);

impl Agent {
    fn ready(device: &Device, socket: &Path) -> Self {
        let mut agent = Self(device.start(&["agent", "--socket", socket.to_str().unwrap()]));
        let mut line = String::new();
        BufReader::new(agent.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["event"], "ready");
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A page of shop.example and its person, who approves whatever it asks for.
struct Page {
    host: Host,
    passphrase: String,
}

impl Page {
    /// The id of the passkey that is made.
    fn creates(&mut self, id: u64, action: &str) -> Value {
        let options = json!({
            "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
            "rp": { "id": "shop.example", "name": "Shop" },
            "user": { "id": "YW5h", "name": "ana", "displayName": "Ana" },
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        });
        self.asks(id, "create", action, &options)
    }

    /// The id of the passkey that signs in.
    fn signs_in(&mut self, id: u64, passkey: &Value) -> Value {
        let allowed = [json!({ "type": "public-key", "id": passkey })];
        let options =
            json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example", "allowCredentials": allowed });
        self.asks(id, "get", "sign-in", &options)
    }

    fn asks(&mut self, id: u64, what: &str, action: &str, options: &Value) -> Value {
        let prompt = self.host.asks(&json!({
            "type": what, "id": id, "origin": "https://shop.example", "rpIdChecked": true, "options": options,
        }));
        assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!(action)), "{prompt}");
        let told = self.host.asks(&json!({
            "type": "answer", "id": id, "prompt": prompt["prompt"], "decision": "approve",
            "passphrase": self.passphrase.trim_end(),
        }));
        assert_eq!(told["type"], "result", "{told}");
        told["response"]["id"].clone()
    }
}

/// The native host, as a browser starts it.
struct Host {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Host {
    /// By the only manifest in this folder.
    fn started_by(manifests: &Path) -> Self {
        let manifest = fs::read_dir(manifests).unwrap().next().unwrap().unwrap().path();
        let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        let mut command = Command::new(manifest["path"].as_str().unwrap());
        command.arg(manifest["allowed_origins"][0].as_str().unwrap());
        let mut child = started(command);
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from }
    }

    fn asks(&mut self, message: &Value) -> Value {
        self.says(message);
        self.hears().expect("an answer")
    }

    fn says(&mut self, message: &Value) {
        let message = message.to_string();
        self.to.write_all(&u32::try_from(message.len()).unwrap().to_ne_bytes()).unwrap();
        self.to.write_all(message.as_bytes()).unwrap();
    }

    /// The next message; none, once the host has ended.
    fn hears(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        self.from.read_exact(&mut length).ok()?;
        let mut message = vec![0; usize::try_from(u32::from_ne_bytes(length)).unwrap()];
        self.from.read_exact(&mut message).unwrap();
        Some(serde_json::from_slice(&message).unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
