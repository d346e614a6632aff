//! People at a terminal of their own.

use std::io::Write;

use keyfold_tests::{Device, Server, Terminal};

const PROMPT: &str = "The check code that the other device shows: ";

#[test]
fn one_prompt_takes_the_code_whoever_is_first() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone"];
    let mut at_phone = Terminal::runs(&phone.command(&enroll));
    at_phone.shows("the code ");
    let short_code = at_phone.shows("\n");

    let mut at_laptop = Terminal::runs(&laptop.command(&["device", "approve", "--yes"]));
    at_laptop.shows("The code that the new device shows: ");
    at_laptop.types(short_code.trim());
    at_laptop.shows("The check code to type on the new device is ");
    let from_laptop = at_laptop.shows("\n");
    at_phone.shows("the check code to type there next is ");
    let from_phone = at_phone.shows("\n");
    at_phone.shows(PROMPT);

    at_laptop.shows("The check code that the new device shows: ");
    at_laptop.types("my new phone");
    at_laptop.shows("a check code has eight digits, such as 1234 5678");
    at_laptop.types(from_phone.trim());
    let (status, shown) = at_laptop.ends();
    assert_eq!(status, 0, "{shown}");

    // The approver is done, and the one prompt still stands.
    at_phone.shows("The other device has let this one in.");
    at_phone.types("yes?");
    at_phone.shows("a check code has eight digits, such as 1234 5678");
    at_phone.shows(PROMPT);
    at_phone.types(from_laptop.trim());
    let (status, shown) = at_phone.ends();
    assert_eq!(status, 0, "{shown}");
    assert_eq!(laptop.ok(&["safety-number"]), phone.ok(&["safety-number"]));
}

#[test]
fn a_person_who_types_nothing_more_ends_the_enrolment() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone", "--typed"];
    let mut at_phone = Terminal::runs(&phone.command(&enroll));
    at_phone.shows("the code ");
    let short_code = at_phone.shows("\n");
    let mut approve = laptop.start(&["device", "approve", "--code-fd", "0", "--yes"]);
    approve.stdin.as_mut().unwrap().write_all(short_code.trim_start().as_bytes()).unwrap();
    at_phone.shows(PROMPT);
    // Ctrl-D
    at_phone.sends(4);
    let (status, shown) = at_phone.ends();
    assert_eq!(status, 2, "{shown}");
    assert!(shown.contains("no code was typed"), "{shown}");
    approve.kill().unwrap();
    approve.wait().unwrap();
}
