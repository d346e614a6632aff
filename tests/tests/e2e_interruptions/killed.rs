//! The real program, killed after it was let in.

use std::{fs, io::Write, process::Command};

use keyfold_tests::{Device, Said, Server};

use crate::typed::{Enrolling, let_in};

#[test]
fn a_device_that_was_killed_after_it_was_let_in_goes_on_with_the_same_command() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let code = let_in(&laptop, &mut enrolling);
    enrolling.program.kill().unwrap();
    enrolling.program.wait().unwrap();

    for other in [
        &["status"][..],
        &["sync"],
        &["device", "list"],
        &["passkey", "list"],
        &["safety-number"],
        &["account", "create", "--server", phone.url()],
    ] {
        let said = phone.run(other);
        assert_eq!((said.status, said.err.lines().count()), (9, 1), "{other:?}: {}", said.err);
        assert!(said.err.contains("run `keyfold device enroll` again"), "{other:?}: {}", said.err);
    }

    let mut enrolling = Enrolling::starts(&phone, &[]);
    enrolling.keyboard.write_all(code.as_bytes()).unwrap();
    enrolling.shows();
    let enrolled = enrolling.ends();
    assert_eq!(enrolled.status, 0, "{}", enrolled.err);
    assert_eq!(phone.ok(&["status"])["condition"], "active");
    assert_eq!(laptop.ok(&["safety-number"]), phone.ok(&["safety-number"]));
}

#[test]
fn a_device_can_forget_what_it_began() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let_in(&laptop, &mut enrolling);
    enrolling.program.kill().unwrap();
    enrolling.program.wait().unwrap();
    let first = laptop.ok(&["device", "list"]);

    fs::remove_file(laptop.home().join("shown")).unwrap();
    let mut enrolling = Enrolling::starts(&phone, &["--typed", "--anew", "--yes"]);
    let code = let_in(&laptop, &mut enrolling);
    enrolling.keyboard.write_all(code.as_bytes()).unwrap();
    assert_eq!(enrolling.ends().status, 0);
    let devices = laptop.ok(&["device", "list"]);
    assert_eq!(devices["devices"].as_array().unwrap().len(), first["devices"].as_array().unwrap().len() + 1);
}

#[test]
fn the_list_of_devices_shows_what_an_interrupted_one_asks_for() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let code = let_in(&laptop, &mut enrolling);
    enrolling.keyboard.write_all(code.as_bytes()).unwrap();
    assert_eq!(enrolling.ends().status, 0);
    let listed = laptop.ok(&["device", "list"]);
    let codes: Vec<_> =
        listed["devices"].as_array().unwrap().iter().map(|device| device["check_code"].as_str()).collect();
    assert!(codes.contains(&Some(code.trim())) && codes.contains(&None), "{codes:?}");

    let json = laptop.command(&["device", "list", "--check-codes"]);
    let for_people = json.get_args().filter(|argument| *argument != "--json");
    let table = Said::of(Command::new(json.get_program()).args(for_people).output().unwrap());
    assert!(table.out.contains(code.trim()), "{}{}", table.out, table.err);
}
