//! A desktop's keyring that opens a device beside its passphrase: a real GNOME Keyring, as a person has it and loses it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

use keyfold_tests::{Desktop, Device, Said, Server, Shop, Terminal, exit, fed};
use serde_json::{Value, json};

#[test]
fn while_the_keyring_is_unlocked_no_passphrase_is_asked_for() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    asks_for_the_passphrase(&a, &desktop);
    assert_eq!(status(&a, &desktop), json!({ "enabled": false, "opens": false, "detail": null }));

    let enabled = on(&desktop, &a, &["keyring", "enable"]).done();
    assert_eq!(enabled, json!({ "enabled": true, "opens": true, "detail": null }));
    assert_eq!(status(&a, &desktop), enabled);
    let listed = alone(&desktop, &a, &["passkey", "list"], "");
    assert_eq!((listed.done()["passkeys"].as_array().unwrap().len(), listed.err.as_str()), (1, ""));
    alone(&desktop, &a, &["sync"], "").done();
    // A passphrase that is given counts, whatever the keyring says.
    fs::write(a.passphrase_file(), "correct horse battery stable\n").unwrap();
    on(&desktop, &a, &["passkey", "list"]).problem(exit::WRONG_PASSPHRASE);
}

#[test]
fn a_device_may_have_the_keyring_from_its_first_moment_and_takes_its_key_along() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = Device::new(&server);
    let create = ["account", "create", "--server", a.url(), "--name", "laptop", "--keyring"];
    assert_eq!(on(&desktop, &a, &create).done()["keyring"], true);
    opens(&a, &desktop);
    assert_eq!(key_of(&a, &desktop).len(), 32);

    let b = Device::new(&server);
    let qr = b.pipe("qr.txt");
    let enroll = ["device", "enroll", "--server", b.url(), "--name", "desk", "--keyring", "--qr-file"];
    let enroll = desktop.lets_in(b.command(&[&enroll[..], &[qr.to_str().unwrap()]].concat()));
    let enroll = keyfold_tests::started(enroll);
    let code = fs::read_to_string(&qr).unwrap();
    a.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).done();
    assert_eq!(Said::by(enroll).done()["keyring"], true);
    opens(&b, &desktop);
    assert_ne!(key_of(&a, &desktop), key_of(&b, &desktop));

    let [gone, other] = [&a, &b].map(attributes);
    on(&desktop, &a, &["account", "delete", "--yes"]).done();
    assert!(lookup(&desktop, &gone).is_empty());
    assert_eq!(lookup(&desktop, &other).len(), 32, "the other device's key is its own");
}

#[test]
fn a_locked_keyring_leaves_the_passphrase() {
    let (mut desktop, server) = (Desktop::logged_in(), Server::start());
    let a = enabled(&server, &desktop);
    desktop.locks_its_keyring();
    let note = asks_for_the_passphrase(&a, &desktop);
    assert!(note.contains("the keyring is locked"), "{note}");
    types_the_passphrase(&a, &desktop);
    let told = status(&a, &desktop);
    assert_eq!((&told["enabled"], &told["opens"]), (&json!(true), &json!(false)));
    assert!(told["detail"].as_str().unwrap().contains("locked"), "{told}");
    // Nobody is there to unlock it.
    let refused = on(&desktop, &a, &["keyring", "enable"]).problem(exit::KEYRING);
    assert!(refused.contains("locked"), "{refused}");

    desktop.logs_in_again_without_a_password();
    assert!(asks_for_the_passphrase(&a, &desktop).contains("the keyring is locked"));
    desktop.logs_in_again();
    opens(&a, &desktop);
}

#[test]
fn threat_keyring_what_is_missing_stale_or_no_key_opens_nothing_and_destroys_nothing() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = enabled(&server, &desktop);
    let [account, device] = attributes(&a);
    let item = ["application", "keyfold", "account", &account, "device", &device];
    let clear = [&["clear"], &item[..]].concat();
    let store = [&["store", "--label", "x"], &item[..]].concat();

    desktop.another_program(&clear, "");
    told_and_mended(&a, &desktop, "does not hold this device's key");
    desktop.another_program(&store, "garbage");
    told_and_mended(&a, &desktop, "is not one key");
    desktop.another_program(&store, "a key of thirty-two bytes, stale");
    told_and_mended(&a, &desktop, "does not open this device's secrets");
    // With one attribute more it is another item, which every search for ours finds as well.
    desktop.another_program(&[&store[..], &["more", "1"]].concat(), "a key of thirty-two bytes, other");
    told_and_mended(&a, &desktop, "is not one key");
}

#[test]
fn threat_keyring_whoever_watches_the_bus_sees_no_key() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = Device::founded(&server, "Ana's laptop");
    let mut keys = Vec::new();
    let overheard = desktop.overhears(|| {
        on(&desktop, &a, &["keyring", "enable"]).done();
        opens(&a, &desktop);
        keys.push(key_of(&a, &desktop));
    });
    for said in [&b"CreateItem"[..], b"GetSecret", attributes(&a)[1].as_bytes()] {
        assert!(is_in(said, &overheard), "it was not overheard");
    }
    assert!(!is_in(&keys[0], &overheard));
}

/// What the desktop knows is that somebody logged in once.
#[test]
fn threat_keyring_an_unlocked_keyring_verifies_nobody() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = enabled(&server, &desktop);
    let shop = Shop::new("shop.example");
    let made = a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made).backed_up();
    let origin = shop.origin();
    let get = ["webauthn", "get", "--origin", &origin, "--yes"];

    let required = shop.sign_in_options();
    let preferred = with_verification(&required, "preferred");
    let response = alone(&desktop, &a, &get, &preferred).done();
    assert_eq!(flags(&response) & 0b101, 0b001, "present, and not verified");
    let told = alone(&desktop, &a, &get, &required).problem(exit::USAGE);
    assert!(told.contains("no terminal to ask for the passphrase"), "{told}");
    for typed in ["correct horse battery stable", "correct horse battery staple"] {
        let options = a.home().join("options.json");
        fs::write(&options, &required).unwrap();
        let command = a.bare_with(&[&get[..], &["<", options.to_str().unwrap()]].concat());
        let mut terminal = Terminal::runs(&desktop.lets_in(command));
        terminal.shows("Passphrase: ");
        terminal.types(typed);
        let (status, shown) = terminal.ends();
        if typed.ends_with("stable") {
            assert_eq!(status, exit::WRONG_PASSPHRASE.status, "{shown}");
        } else {
            shop.judge_sign_in(shown.trim()).backed_up();
        }
    }
    for asks in [&["account", "delete", "--yes"][..], &["device", "approve"], &["keyring", "disable"]] {
        alone(&desktop, &a, asks, "").problem(exit::USAGE);
    }
}

#[test]
fn threat_keyring_whoever_forgot_the_passphrase_keeps_the_keyring_and_disabling_it_removes_the_key() {
    let (mut desktop, server) = (Desktop::logged_in(), Server::start());
    let a = enabled(&server, &desktop);
    let key = key_of(&a, &desktop);
    let right = fs::read(a.passphrase_file()).unwrap();
    fs::write(a.passphrase_file(), "correct horse battery stable\n").unwrap();
    on(&desktop, &a, &["keyring", "disable"]).problem(exit::WRONG_PASSPHRASE);
    opens(&a, &desktop);

    fs::write(a.passphrase_file(), right).unwrap();
    let disabled = on(&desktop, &a, &["keyring", "disable"]).done();
    assert_eq!(disabled, json!({ "enabled": false, "opens": false, "detail": null }));
    assert!(lookup(&desktop, &attributes(&a)).is_empty());
    assert_eq!(asks_for_the_passphrase(&a, &desktop), "", "nothing is told of a keyring that nobody wants");

    // The key lies nowhere but in the keyring, and where that cannot be reached, what the key opened is gone all the same.
    on(&desktop, &a, &["keyring", "enable"]).done();
    let anew = key_of(&a, &desktop);
    assert_ne!(key, anew);
    for folder in [a.profile_folder(), desktop.keyring_folder()] {
        assert!(!is_in_a_file(&anew, &folder), "{}", folder.display());
    }
    desktop.locks_its_keyring();
    let disabled = on(&desktop, &a, &["keyring", "disable"]).done();
    assert!(disabled["detail"].as_str().unwrap().contains("opens nothing any more"), "{disabled}");
    assert_eq!(asks_for_the_passphrase(&a, &desktop), "");
}

/// Whoever finds the device has its keyring, as long as that is unlocked; its passphrase they do not have.
#[test]
fn threat_lost_a_device_that_is_locked_or_was_not_used_for_a_while_does_not_open_by_its_keyring() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = enabled(&server, &desktop);
    alone(&desktop, &a, &["lock"], "").done();
    let note = asks_for_the_passphrase(&a, &desktop);
    assert!(note.contains("this device is locked. The passphrase unlocks it"), "{note}");
    let told = status(&a, &desktop);
    assert!(told["opens"] == false && told["detail"].as_str().unwrap().contains("locked"), "{told}");
    on(&desktop, &a, &["unlock"]).done();
    opens(&a, &desktop);

    let later = |offset: &str| {
        let mut command = desktop.lets_in(a.bare_with(&["passkey", "list", "--json"]));
        command.envs(keyfold_tests::clock_off_by(offset));
        fed(command, "")
    };
    later("+7h").done();
    later("+14h").done();
    let idle = later("+23h");
    idle.last_problem(exit::USAGE);
    assert!(idle.err.contains("was not used for a while, and is locked"), "{}", idle.err);
    // Whoever sits there cannot say that it should lock later.
    alone(&desktop, &a, &["lock", "--after", "never"], "").last_problem(exit::USAGE);
    on(&desktop, &a, &["lock", "--after", "never"]).done();
    later("+23h").done();
}

#[test]
fn without_a_keyring_it_says_what_is_missing_and_makes_nothing() {
    let (desktop, server) = (Desktop::without_a_keyring(), Server::start());
    let a = Device::founded(&server, "Ana's laptop");
    let told = on(&desktop, &a, &["keyring", "enable"]).problem(exit::KEYRING);
    assert!(told.contains("ServiceUnknown") && told.contains(MEND), "{told}");
    let mut enable = a.command(&["keyring", "enable"]);
    enable.env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", a.home());
    let told = fed(enable, "").problem(exit::KEYRING);
    assert!(told.contains("connect") && told.contains(MEND), "{told}");
    assert_eq!(status(&a, &desktop)["enabled"], false);

    let b = Device::new(&server);
    let create = ["account", "create", "--server", b.url(), "--keyring"];
    on(&desktop, &b, &create).problem(exit::KEYRING);
    b.fails(exit::NOT_FOUND, &["status"]);

    // A keyring that was there, and is not.
    let there = Desktop::logged_in();
    on(&there, &a, &["keyring", "enable"]).done();
    let note = asks_for_the_passphrase(&a, &desktop);
    assert!(note.contains("no keyring can be used here"), "{note}");
    types_the_passphrase(&a, &desktop);
}

#[test]
fn it_answers_in_words_too() {
    let (desktop, server) = (Desktop::logged_in(), Server::start());
    let a = Device::founded(&server, "Ana's laptop");
    for (command, words) in [
        ("status", "Off: the passphrase alone"),
        ("enable", "On: while the keyring is unlocked"),
        ("status", "On: while the keyring is unlocked"),
        ("disable", "Off: the passphrase alone"),
    ] {
        let said = fed(desktop.lets_in(a.command_for_people(&["keyring", command])), "");
        assert_eq!((said.status, said.err.as_str()), (0, ""));
        assert!(said.out.starts_with(words), "{}", said.out);
    }
}

const MEND: &str = "keyfold must run in a desktop's session with a Secret Service, such as GNOME Keyring";

/// A first device that its keyring opens.
fn enabled(server: &Server, desktop: &Desktop) -> Device {
    let device = Device::founded(server, "Ana's laptop");
    on(desktop, &device, &["keyring", "enable"]).done();
    opens(&device, desktop);
    device
}

/// With the passphrase at hand.
fn on(desktop: &Desktop, device: &Device, arguments: &[&str]) -> Said {
    fed(desktop.lets_in(device.command(arguments)), "")
}

/// With no passphrase at hand, and nobody to ask for it.
fn alone(desktop: &Desktop, device: &Device, arguments: &[&str], stdin: &str) -> Said {
    fed(desktop.runs(&device.bare_with(&[arguments, &["--json"]].concat())), stdin)
}

#[track_caller]
fn opens(device: &Device, desktop: &Desktop) {
    let listed = alone(desktop, device, &["passkey", "list"], "");
    listed.done();
    assert_eq!(listed.err, "");
}

/// It would ask, if somebody were there. Gives what it says before that.
#[track_caller]
fn asks_for_the_passphrase(device: &Device, desktop: &Desktop) -> String {
    let said = alone(desktop, device, &["passkey", "list"], "");
    let asked = said.last_problem(exit::USAGE);
    assert!(asked.contains("no terminal to ask for the passphrase"), "{asked}");
    let before: Vec<&str> = said.err.lines().rev().skip(1).collect();
    assert!(before.len() <= 1, "{}", said.err);
    before.concat()
}

#[track_caller]
fn types_the_passphrase(device: &Device, desktop: &Desktop) {
    let mut terminal = Terminal::runs(&desktop.lets_in(device.bare_with(&["passkey", "list", "--json"])));
    terminal.shows("Passphrase: ");
    terminal.types("correct horse battery staple");
    let (status, shown) = terminal.ends();
    assert!(status == 0 && shown.contains("passkeys"), "{shown}");
}

/// The keyring does not open it, for this reason; the passphrase does, and enabling it anew mends it.
#[track_caller]
fn told_and_mended(device: &Device, desktop: &Desktop, why: &str) {
    let note = asks_for_the_passphrase(device, desktop);
    assert!(note.contains(why) && note.contains("The passphrase opens this device too"), "{note}");
    let told = status(device, desktop);
    assert!(told["opens"] == false && told["detail"].as_str().unwrap().contains(why), "{told}");
    on(desktop, device, &["sync"]).done();
    on(desktop, device, &["keyring", "enable"]).done();
    opens(device, desktop);
}

fn status(device: &Device, desktop: &Desktop) -> Value {
    alone(desktop, device, &["keyring", "status"], "").done()
}

/// The account's and the device's ids.
fn attributes(device: &Device) -> [String; 2] {
    let status = device.ok(&["status"]);
    ["account", "device"].map(|name| status[name].as_str().unwrap().to_owned())
}

fn key_of(device: &Device, desktop: &Desktop) -> Vec<u8> {
    lookup(desktop, &attributes(device))
}

fn lookup(desktop: &Desktop, [account, device]: &[String; 2]) -> Vec<u8> {
    let lookup = ["lookup", "application", "keyfold", "account", account, "device", device];
    desktop.another_program(&lookup, "").stdout
}

fn with_verification(options: &str, verification: &str) -> String {
    let mut options: Value = serde_json::from_str(options).unwrap();
    options["userVerification"] = verification.into();
    options.to_string()
}

/// Of the authenticator data: bit 0 is user presence, bit 2 user verification.
fn flags(response: &Value) -> u8 {
    let data = response["response"]["authenticatorData"].as_str().unwrap();
    data_encoding::BASE64URL_NOPAD.decode(data.as_bytes()).unwrap()[32]
}

fn is_in_a_file(bytes: &[u8], folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.any(|file| is_in(bytes, &file))
}

fn is_in(bytes: &[u8], all: &[u8]) -> bool {
    all.windows(bytes.len()).any(|window| window == bytes)
}

trait Bare {
    fn bare_with(&self, arguments: &[&str]) -> Command;
}

impl Bare for Device {
    fn bare_with(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.args(arguments);
        command
    }
}
