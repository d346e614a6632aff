//! The system finds out who is there: a real fprintd on a reader that libfprint plays, a real polkit.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
};

use keyfold_tests::{Device, Policy, Server, SystemBus, Terminal, exit, fed, program, started};
use serde_json::{Value, json};

use crate::{
    agent::Agent,
    browser::{Host, Page, installed},
};

#[test]
fn a_finger_on_the_reader_signs_in_and_a_strangers_does_not() {
    let Some((system, a, _server)) = with_anas_finger() else { return };
    let (mut page, _agent) = with_agent(&a, &system);

    let prompt = page.begins(1, "create");
    assert_eq!(prompt["verify"], "system", "{prompt}");
    page.approves(&prompt);
    system.scans("ana");
    let made = page.host.hears().unwrap();
    assert_eq!((&made["type"], verified(&made)), (&json!("result"), true), "{made}");

    // Three scans are one failure, after which it is the passphrase that is asked for.
    let prompt = page.begins(2, "get");
    page.approves(&prompt);
    for _ in 0..3 {
        system.scans("a stranger");
    }
    let prompt = page.host.hears().unwrap();
    assert_eq!((&prompt["type"], &prompt["verify"]), (&json!("prompt"), &json!("passphrase")), "{prompt}");
    assert!(prompt["failed"].as_str().unwrap().contains("no finger of yours"), "{prompt}");
    page.types_the_passphrase(&prompt);
    assert_eq!(page.host.hears().unwrap()["type"], "result");

    // Who takes a request back leaves the reader to others.
    let prompt = page.begins(3, "get");
    page.approves(&prompt);
    system.looks();
    let told = page.host.asks(&json!({ "type": "cancel", "id": 3 }));
    assert_eq!((&told["type"], &told["code"]), (&json!("error"), &json!("cancelled")), "{told}");
    let prompt = page.begins(4, "get");
    page.approves(&prompt);
    system.scans("ana");
    let signed = page.host.hears().unwrap();
    assert_eq!(signed["type"], "result", "{signed}");
}

/// Each failure is counted, across agents: after five the reader is not asked any more.
#[test]
fn threat_lost_a_stranger_has_five_tries_at_the_reader() {
    let Some((system, a, _server)) = with_anas_finger() else { return };
    for request in 1..=5 {
        let (mut page, _agent) = with_agent(&a, &system);
        let prompt = page.begins(request, "create");
        assert_eq!(prompt["verify"], "system", "{prompt}");
        page.approves(&prompt);
        if request % 2 == 0 {
            // However it ends, a stranger's finger was one.
            system.scans("a stranger");
            system.looks();
            let told = page.host.asks(&json!({ "type": "cancel", "id": request }));
            assert_eq!(told["code"], "cancelled", "{told}");
        } else {
            for _ in 0..3 {
                system.scans("a stranger");
            }
            let prompt = page.host.hears().unwrap();
            assert_eq!(prompt["verify"], "passphrase", "{prompt}");
        }
    }
    let (mut page, _agent) = with_agent(&a, &system);
    let prompt = page.begins(6, "create");
    assert_eq!(prompt["verify"], "passphrase", "{prompt}");
    // The passphrase brings them back.
    page.types_the_passphrase(&prompt);
    assert_eq!(page.host.hears().unwrap()["type"], "result");
    let prompt = page.begins(7, "get");
    assert_eq!(prompt["verify"], "system", "{prompt}");
}

#[test]
fn the_password_of_the_system_signs_in() {
    let Some((_alone, _policy, system)) = with_policy(&policy()) else { return };
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let (mut page, agent) = with_agent_of_another_user(&a, &system);
    let session = system.session_of(agent.0.id());

    let prompt = page.begins(1, "create");
    assert_eq!(prompt["verify"], "system", "{prompt}");
    page.approves(&prompt);
    let asked = session.answers(true);
    assert_eq!(asked, "org.keyfold.agent.verify: Prove that it is you who uses a passkey");
    let made = page.host.hears().unwrap();
    assert_eq!((&made["type"], verified(&made)), (&json!("result"), true), "{made}");

    let prompt = page.begins(2, "get");
    page.approves(&prompt);
    session.answers(false);
    let prompt = page.host.hears().unwrap();
    assert_eq!((&prompt["type"], &prompt["verify"]), (&json!("prompt"), &json!("passphrase")), "{prompt}");
}

/// A CTAP platform, at the agent's own socket.
#[test]
fn a_finger_on_the_reader_verifies_for_other_programs_too() {
    let Some((system, a, _server)) = with_anas_finger() else { return };
    let path = a.home().join("agent.sock");
    let agent = ["agent", "--verify-by-system", "--no-sync", "--socket", path.to_str().unwrap()];
    let mut terminal = Terminal::runs(&system.lets_in(a.command_for_people(&agent)));
    terminal.shows("Stop it with Ctrl-C.");
    let mut socket = UnixStream::connect(path).unwrap();
    socket.write_all(&u32::try_from(MAKE_CREDENTIAL.len()).unwrap().to_be_bytes()).unwrap();
    socket.write_all(MAKE_CREDENTIAL).unwrap();
    // A finger alone is no yes to what some program asks.
    terminal.shows("make a passkey at shop.example for ana?");
    terminal.shows("Agree? [y/N] ");
    terminal.types("y");
    terminal.shows("touch the fingerprint reader");
    system.scans("ana");
    let mut length = [0; 4];
    socket.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    socket.read_exact(&mut answer).unwrap();
    // {1: "packed", 2: authenticator data …}: 32 bytes of hash, then the flags.
    let data = answer.windows(2).position(|pair| pair == [0x02, 0x58]).unwrap() + 3;
    assert_eq!((answer[0], answer[data + 32] & 0x05), (0x00, 0x05), "{answer:02x?}");
    terminal.sends(3);
    terminal.ends();
}

/// Verification is not reported unless it happened.
#[test]
fn threat_lost_a_system_that_asks_nobody_verifies_nobody() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    for (lax, because) in [
        ("yes", "without asking, which verifies nobody"),
        ("auth_self_keep", "remembers that it asked"),
        ("auth_admin", "does not verify the owner"),
    ] {
        let Some((_alone, _policy, system)) = with_policy(&policy().replace("auth_self", lax)) else { return };
        refuses(&system, &a, because);
    }
}

/// The agent does not serve, and says why.
fn refuses(system: &SystemBus, device: &Device, because: &str) {
    let agent = as_another_user(device, &["agent", "--verify-by-system"]);
    let mut agent = Agent(started(system.lets_in(agent)));
    let (mut ready, mut why) = (String::new(), String::new());
    BufReader::new(agent.0.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "", "it serves");
    agent.0.stderr.as_mut().unwrap().read_to_string(&mut why).unwrap();
    assert_eq!(agent.0.wait().unwrap().code(), Some(exit::USAGE.status), "{why}");
    assert!(why.contains(because), "{why}");
    assert!(why.contains("fprintd has no reader"), "{why}");
}

/// A system that knows her finger, and her laptop with its account.
fn with_anas_finger() -> Option<(SystemBus, Device, Server)> {
    let system = SystemBus::started()?.with_polkit().with_a_fingerprint_reader();
    system.enrols("ana");
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    Some((system, a, server))
}

/// An agent of this device that has the system verify people, and a page.
fn with_agent(device: &Device, system: &SystemBus) -> (Page, Agent) {
    let (at, socket) = installed(device);
    let command = device.command(&["agent", "--verify-by-system", "--socket", socket.to_str().unwrap()]);
    let agent = Agent::started_by(system.lets_in(command));
    let passphrase = fs::read_to_string(device.passphrase_file()).unwrap();
    (Page { host: Host::started_by(&at), passphrase }, agent)
}

/// The same, both of a user who is not root: root may do everything unasked.
fn with_agent_of_another_user(device: &Device, system: &SystemBus) -> (Page, Agent) {
    let (at, socket) = (device.home().join("manifests"), device.home().join("agent.sock"));
    let (manifests, agent) = (at.to_str().unwrap(), socket.to_str().unwrap());
    let install = as_another_user(device, &["browser", "install", "--manifest-dir", manifests, "--socket", agent]);
    fed(install, "").done();
    let command = as_another_user(device, &["agent", "--verify-by-system", "--no-sync", "--socket", agent]);
    let agent = Agent::started_by(system.lets_in(command));
    let host = Host::started_as(as_another_user(device, &["browser", "host"]));
    (Page { host, passphrase: fs::read_to_string(device.passphrase_file()).unwrap() }, agent)
}

/// `keyfold` as another user, to whom the device's home goes over.
fn as_another_user(device: &Device, arguments: &[&str]) -> Command {
    let own = device.home().join("keyfold");
    if !own.exists() {
        fs::copy(program("keyfold"), &own).unwrap();
    }
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(device.home()).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(own);
    command.arg("--home").arg(device.home().join("home")).arg("--passphrase-file").arg(device.passphrase_file());
    command.arg("--json").args(arguments).env("KEYFOLD_AGENT_SOCKET", device.home().join("agent.sock"));
    command
}

/// polkit with this policy for the agent; one test at a time, for there is one place for policies.
fn with_policy(policy: &str) -> Option<(MutexGuard<'static, ()>, Policy, SystemBus)> {
    static ALONE: Mutex<()> = Mutex::new(());
    let system = SystemBus::started()?;
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let policy = Policy::installed(policy);
    Some((alone, policy, system.with_polkit()))
}

fn policy() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/polkit/org.keyfold.agent.policy")).unwrap()
}

/// authenticatorMakeCredential of a discoverable credential for shop.example, with user verification (CTAP 2.1 §6.1).
const MAKE_CREDENTIAL: &[u8] = b"\x01\xa5\x01\x58\x20AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x02\xa1\x62id\x6cshop.example\
    \x03\xa2\x62id\x41\x01\x64name\x63ana\x04\x81\xa2\x63alg\x26\x64type\x6apublic-key\x07\xa2\x62rk\xf5\x62uv\xf5";

/// Whether the response says that the user was verified.
fn verified(result: &Value) -> bool {
    let data = result["response"]["response"]["authenticatorData"].as_str().unwrap();
    let data = data_encoding::BASE64URL_NOPAD.decode(data.as_bytes()).unwrap();
    data[32] & 0x04 != 0
}
