use std::{fs, process::Command};

use keyfold_tests::{Device, Server, Watch, clock_off_by, exit, fed};

use crate::{id, two_devices};

fn guess(device: &Device, passphrase: &str) -> Command {
    fs::write(device.passphrase_file(), format!("{passphrase}\n")).unwrap();
    device.command(&["passkey", "list"])
}

/// Each guess is a process of its own, and none knows of the others but by what they left behind.
#[test]
fn threat_lost_guesses_at_a_passphrase_become_slow_and_are_counted_across_programs() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    let right = "correct horse battery staple";
    for number in 0..4 {
        fed(guess(&laptop, &format!("guess number {number}")), "").problem(exit::WRONG_PASSPHRASE);
    }
    fed(guess(&laptop, right), "").done();
    for number in 0..5 {
        fed(guess(&laptop, &format!("guess number {number}")), "").problem(exit::WRONG_PASSPHRASE);
    }
    // From here on also the right one waits: whoever guesses cannot tell.
    for passphrase in [right, "guess number 6"] {
        let refused = fed(guess(&laptop, passphrase), "").problem(exit::LOCKED);
        assert!(refused.contains("too many wrong passphrases; wait"), "{refused}");
    }
    let mut later = guess(&laptop, right);
    later.envs(clock_off_by("+1m"));
    fed(later, "").done();
    fed(guess(&laptop, right), "").done();
}

#[test]
fn a_profile_that_is_wiped_is_empty_and_the_account_goes_on_without_it() {
    let mut server = Server::start();
    let (laptop, phone, shop) = two_devices(&server);
    let device = id(&phone);
    let passkey = phone.only_passkey();
    server.kill();
    phone.ok(&["passkey", "rename", &passkey, "never sent"]);
    server.restart();
    let wiped = phone.ok(&["wipe", "--yes"]);
    assert_eq!((&wiped["device"], &wiped["lost"]), (&device.as_str().into(), &1.into()));
    for command in [&["status"][..], &["passkey", "list"], &["wipe", "--yes"]] {
        let told = phone.fails(exit::NOT_FOUND, command);
        assert!(told.contains("no account"), "{told}");
    }
    laptop.ok(&["device", "remove", &device, "--yes"]);
    phone.join(&laptop, "Ana's phone again", "ed25519");
    assert!(shop.judge_sign_in(&phone.sign_in(&shop.origin(), &shop.sign_in_options())).accepted());
}

#[test]
fn nothing_is_wiped_without_being_confirmed() {
    let server = Server::start();
    let (_, phone, _) = two_devices(&server);
    let refused = phone.fails(exit::USAGE, &["wipe"]);
    assert!(refused.contains("--yes"), "{refused}");
    phone.ok(&["sync"]);
}

#[test]
fn a_lock_is_shown_and_the_passphrase_undoes_it() {
    let server = Server::start();
    let (laptop, ..) = two_devices(&server);
    assert_eq!(laptop.ok(&["lock"]), serde_json::json!({ "locked": true, "locks_after": "8h" }));
    assert_eq!(laptop.ok(&["status"])["locked"], "on request");
    assert_eq!(laptop.ok(&["unlock"])["locked"], false);
    assert_eq!(laptop.ok(&["lock", "--after", "90m"])["locks_after"], "90m");
    assert_eq!(laptop.ok(&["lock", "--after", "never"]), serde_json::json!({ "locked": false, "locks_after": null }));
    let mut idle = laptop.command(&["lock", "--after", "1h"]);
    idle.envs(clock_off_by("-2h"));
    fed(idle, "").done();
    assert_eq!(laptop.ok(&["status"])["locked"], "idle");
}

#[test]
fn a_watch_ends_with_the_lock_and_with_the_profile() {
    let server = Server::start();
    let (laptop, phone, _) = two_devices(&server);
    for (command, exit) in [(&["lock"][..], exit::LOCKED), (&["wipe", "--yes"], exit::NOT_FOUND)] {
        let watch = Watch::of(&phone);
        phone.ok(command);
        laptop.ok(&["passkey", "rename", &laptop.only_passkey(), command[0]]);
        watch.ends().last_problem(exit);
    }
}
