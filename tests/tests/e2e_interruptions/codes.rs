//! Codes that files carry.

use std::{fs, io::Write};

use keyfold_tests::{Device, Said, Server};

use crate::typed::{Enrolling, let_in};

#[test]
fn what_is_no_check_code_ends_the_enrolment_on_the_new_device() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let mut approve = laptop.start(&["device", "approve", "--code-fd", "0", "--yes"]);
    let mut keyboard = approve.stdin.take().unwrap();
    keyboard.write_all(enrolling.shows().as_bytes()).unwrap();
    let check_code = enrolling.shows();
    enrolling.keyboard.write_all(b"1234 567\n").unwrap();
    let refused = enrolling.ends();
    assert_eq!(refused.status, 10, "{}", refused.err);
    assert!(refused.err.contains("eight digits"), "{}", refused.err);

    // The right code comes too late: nobody is let in any more.
    keyboard.write_all(check_code.as_bytes()).unwrap();
    drop(keyboard);
    let ended = Said::of(approve.wait_with_output().unwrap());
    assert_eq!(ended.status, 6, "{}", ended.err);
    assert_eq!(devices(&laptop), 1);
}

#[test]
fn what_is_no_check_code_ends_the_enrolment_on_the_approver() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let (code, check_code) = {
        let code = enrolling.shows();
        let mut approve = laptop.start(&["device", "approve", "--code-fd", "0", "--yes"]);
        let mut keyboard = approve.stdin.take().unwrap();
        keyboard.write_all(code.as_bytes()).unwrap();
        let check_code = enrolling.shows();
        // It need not be read to its end.
        let _ = keyboard.write_all(&[b'7'; 100_000]);
        drop(keyboard);
        let refused = Said::of(approve.wait_with_output().unwrap());
        assert_eq!(refused.status, 10, "{}", refused.err);
        (code, check_code)
    };
    let mut again = laptop.start(&["device", "approve", "--code-fd", "0", "--yes"]);
    let _ = again.stdin.take().unwrap().write_all(format!("{code}{check_code}").as_bytes());
    assert_eq!(Said::of(again.wait_with_output().unwrap()).status, 6, "it has ended");
    assert_eq!(devices(&laptop), 1);
}

#[test]
fn codes_of_an_earlier_enrolment_are_not_taken_for_new_ones() {
    let server = Server::start();
    let (laptop, phone) = (Device::founded(&server, "laptop"), Device::new(&server));
    let old = phone.home().join("old");
    fs::write(&old, "1234 5678\n").unwrap();
    let file = old.to_str().unwrap();
    let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone"];
    for refused in [
        phone.run(&[&enroll[..], &["--code-file", file]].concat()),
        phone.run(&[&enroll[..], &["--show-code-file", file]].concat()),
        laptop.run(&["device", "approve", "--show-code-file", file, "--yes"]),
    ] {
        assert_eq!(refused.status, 2, "{}", refused.err);
        assert!(refused.err.contains("is there already"), "{}", refused.err);
    }
    assert_eq!(fs::read_to_string(&old).unwrap(), "1234 5678\n");
}

#[test]
fn codes_pass_between_two_devices_by_files_and_by_pipes() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    for (name, from_phone, from_laptop) in [
        ("by-files", laptop.home().join("from-phone"), laptop.home().join("from-laptop")),
        ("by-pipes", laptop.pipe("phone-pipe"), laptop.pipe("laptop-pipe")),
    ] {
        let phone = Device::new(&server);
        let (from_phone, from_laptop) = (from_phone.to_str().unwrap(), from_laptop.to_str().unwrap());
        let enroll = ["device", "enroll", "--server", phone.url(), "--name", name, "--typed"];
        let enroll =
            phone.start(&[&enroll[..], &["--show-code-file", from_phone, "--code-file", from_laptop]].concat());
        let approve = ["device", "approve", "--show-code-file", from_laptop, "--code-file", from_phone, "--yes"];
        let approved = laptop.run(&approve);
        assert_eq!(approved.status, 0, "{name}: {}", approved.err);
        let enrolled = Said::of(enroll.wait_with_output().unwrap());
        assert_eq!(enrolled.status, 0, "{name}: {}", enrolled.err);
    }
    assert_eq!(devices(&laptop), 3);
}

#[test]
fn a_code_of_another_enrolment_lets_nobody_in() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let mut enrolling = Enrolling::starts(&phone, &["--typed"]);
    let code = let_in(&laptop, &mut enrolling);
    let digit = if code.starts_with('0') { "1" } else { "0" };
    enrolling.keyboard.write_all(format!("{digit}{}", &code[1..]).as_bytes()).unwrap();
    let refused = enrolling.ends();
    assert_eq!(refused.status, 11, "{}", refused.err);
    assert!(refused.err.contains("the check codes differ"), "{}", refused.err);
    assert_eq!(phone.run(&["passkey", "list"]).status, 9);
}

fn devices(device: &Device) -> usize {
    device.ok(&["sync"]);
    device.ok(&["device", "list"])["devices"].as_array().unwrap().len()
}
