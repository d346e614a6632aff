use std::{fs, path::PathBuf};

use keyfold_tests::{Device, Server, Shop, exit};
use serde_json::Value;

use crate::{id, two_devices};

fn path(device: &Device, name: &str) -> PathBuf {
    device.home().join(name)
}

/// The account gets a code, in a file beside the device's home.
fn code_of(device: &Device, delay: &str) -> PathBuf {
    let file = path(device, "code.txt");
    let made = device.ok(&["recovery", "create", "--yes", "--delay", delay, "--new-code-file", file.to_str().unwrap()]);
    assert_eq!((&made["exists"], &made["delay"]), (&true.into(), &delay.into()));
    file
}

/// Uses a code on a device that has none of the account yet.
fn uses(device: &Device, code: &str, options: &[&str]) -> Vec<String> {
    let new = path(device, "new-code.txt");
    let _ = fs::remove_file(&new);
    let command = ["recovery", "use", "--yes", "--name", "Ana's new laptop", "--code-file", code, "--new-code-file"];
    let command = command.iter().copied().chain([new.to_str().unwrap()]).chain(options.iter().copied());
    command.map(str::to_owned).collect()
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

#[test]
fn when_every_device_is_gone_the_code_brings_everything_back_and_another_takes_its_place() {
    let server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let gone = [id(&laptop), id(&phone)];
    let file = code_of(&laptop, "0s");
    let code = file.to_str().unwrap();
    for device in [&laptop, &phone] {
        device.ok(&["sync"]);
    }

    let new = Device::new(&server);
    let recovered = new.ok(&words(&uses(&new, code, &["--server", new.url(), "--delay", "0s"])));
    assert_eq!(recovered["passkeys"], 1);
    let removed: Vec<&str> = recovered["removed"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(gone.iter().all(|gone| removed.contains(&gone.as_str())) && removed.len() == 2, "{removed:?}");
    assert!(shop.judge_sign_in(&new.sign_in(&shop.origin(), &shop.sign_in_options())).accepted());
    for device in [&laptop, &phone] {
        is_out(device);
    }
    // The old code is worth nothing, and the new one is good.
    let other = Device::new(&server);
    let again = uses(&other, code, &["--server", other.url()]);
    other.fails(exit::NOT_FOUND, &words(&again));
    let second = Device::new(&server);
    let renewed = path(&new, "new-code.txt");
    let options = ["--server", second.url()];
    let recovered = second.ok(&words(&uses(&second, renewed.to_str().unwrap(), &options)));
    assert_eq!(recovered["passkeys"], 1);
}

#[test]
fn whoever_keeps_a_device_by_name_keeps_it() {
    let server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let file = code_of(&laptop, "0s");
    let kept = id(&phone);
    let new = Device::new(&server);
    let options = ["--server", new.url(), "--keep", &kept[..8]];
    let recovered = new.ok(&words(&uses(&new, file.to_str().unwrap(), &options)));
    assert_eq!(recovered["removed"], Value::from([id(&laptop)]));
    phone.ok(&["sync"]);
    assert!(shop.judge_sign_in(&phone.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
    is_out(&laptop);
}

/// It knows nothing of the device that removed it, so its user decides.
fn is_out(device: &Device) {
    let why = device.run(&["sync"]).problem(exit::SYNC_STOPPED);
    assert!(why.contains("does not show by which other device"), "{why}");
    assert_eq!(device.ok(&["status"])["locked"], "on request");
    device.ok(&["wipe", "--yes"]);
}

#[test]
fn a_recovery_is_shown_on_every_device_and_one_that_is_stopped_stays_stopped() {
    let server = Server::start();
    let (laptop, phone, _) = two_devices(&server);
    let file = code_of(&laptop, "3d");
    let thief = Device::new(&server);
    let using = uses(&thief, file.to_str().unwrap(), &["--server", thief.url()]);
    let waiting = thief.ok(&words(&using));
    assert!(waiting["due_at"].as_str().unwrap().ends_with('Z'), "{waiting}");
    let go_on = uses(&thief, file.to_str().unwrap(), &[]);
    thief.fails(exit::BUSY, &words(&go_on));
    thief.fails(exit::NOT_FOUND, &["passkey", "list"]);

    for device in [&laptop, &phone] {
        let synced = device.run(&["sync"]);
        assert!(synced.err.contains("SOMEBODY IS USING YOUR RECOVERY CODE: \"Ana's new laptop\""), "{}", synced.err);
        assert_eq!(device.ok(&["recovery", "status"])["pending"]["name"], "Ana's new laptop");
    }
    assert_eq!(phone.run(&["recovery", "cancel"]).done()["pending"], Value::Null);
    phone.fails(exit::NOT_FOUND, &["recovery", "cancel"]);
    let why = thief.run(&words(&go_on)).problem(exit::NOT_ALLOWED);
    assert!(why.contains("stopped on \"Ana's phone\""), "{why}");
    // It may be begun again, for who has the code has it; until it is replaced or removed.
    thief.ok(&words(&uses(&thief, file.to_str().unwrap(), &["--server", thief.url()])));
    laptop.ok(&["recovery", "remove", "--yes"]);
    let why = thief.run(&words(&go_on)).problem(exit::NOT_FOUND);
    assert!(why.contains("no account on this server has this recovery code"), "{why}");
    assert_eq!(phone.ok(&["recovery", "status"])["exists"], true, "it has not heard");
    phone.ok(&["sync"]);
    assert_eq!(phone.ok(&["recovery", "status"])["exists"], false);
}

#[test]
fn a_wrong_character_is_caught_before_anything_is_sent() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    let file = code_of(&laptop, "0s");
    let code = fs::read_to_string(&file).unwrap();
    let last = code.trim_end().chars().last().unwrap();
    let other = if last == 'q' { 'p' } else { 'q' };
    let wrong = path(&laptop, "wrong.txt");
    fs::write(&wrong, format!("{}{other}\n", &code.trim_end()[..code.trim_end().len() - 1])).unwrap();
    let new = Device::new(&server);
    // There is no such server: it would be another error if anything were sent.
    let using = uses(&new, wrong.to_str().unwrap(), &["--server", "https://localhost:1"]);
    let why = new.fails(exit::MALFORMED, &words(&using));
    assert!(why.contains("a character is wrong or missing"), "{why}");
}

#[test]
fn a_code_is_made_once_written_where_nothing_is_lost_and_read_from_its_page() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    let refused = laptop.fails(exit::USAGE, &["recovery", "create", "--yes"]);
    assert!(refused.contains("nobody would have the new code"), "{refused}");
    let [file, page] = ["code.txt", "page.svg"].map(|name| path(&laptop, name));
    let [file, page] = [file.to_str().unwrap(), page.to_str().unwrap()];
    laptop.ok(&["recovery", "create", "--yes", "--new-code-file", file, "--page", page]);
    let [code, svg] = [file, page].map(|file| fs::read_to_string(file).unwrap());
    assert!(code.trim_end().split(' ').all(|group| svg.contains(group)));
    let why = laptop.fails(exit::USAGE, &["recovery", "create", "--yes", "--replace", "--new-code-file", file]);
    assert!(why.contains("not written over anything"), "{why}");
    let other = path(&laptop, "other.txt");
    let other = other.to_str().unwrap();
    laptop.fails(exit::NOT_ALLOWED, &["recovery", "create", "--yes", "--new-code-file", other]);
    assert!(!path(&laptop, "other.txt").exists(), "a code that is not set up is not written");
    laptop.ok(&["recovery", "create", "--yes", "--replace", "--new-code-file", other]);
    assert_ne!(fs::read_to_string(other).unwrap(), code);
    laptop.ok(&["recovery", "remove", "--yes"]);
    laptop.fails(exit::NOT_FOUND, &["recovery", "remove", "--yes"]);
}

#[test]
fn another_account_is_not_touched_by_a_code() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    let file = code_of(&laptop, "0s");
    let bob = Device::founded(&server, "Bob's laptop");
    let shop = Shop::new("bank.example");
    shop.judge_registration(&bob.make_passkey(&shop.origin(), &shop.registration_options("bob")));
    let using = uses(&bob, file.to_str().unwrap(), &["--server", bob.url()]);
    let why = bob.fails(exit::USAGE, &words(&using));
    assert!(why.contains("has an account already"), "{why}");
}
