use std::fs;

use keyfold_tests::{Device, Said, Server, exit};

use crate::{
    devices, nothing_joined,
    person::{Person, wrong},
};

#[test]
fn after_three_wrong_check_codes_the_device_approves_nothing_and_another_one_does() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let c = Device::new(&server);
    for _ in 0..3 {
        let mut person = Person::begins(&c, &a, "ed25519");
        let (shown_by_c, shown_by_a) = person.names_the_enrolment();
        person.approver.types(&wrong(&shown_by_c));
        person.approver.ends().last_problem(exit::NOT_ALLOWED);
        person.newcomer.types(&shown_by_a);
        person.newcomer.ends().last_problem(exit::REFUSED);
    }

    let qr = c.new_pipe();
    let enroll = c.enroll("Ana's tablet", &["--qr-file", qr.to_str().unwrap()]);
    let code = fs::read_to_string(&qr).unwrap();
    let refused = a.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).problem(exit::REFUSED);
    assert!(refused.starts_with("three enrolments failed within ten minutes"), "{refused}");
    b.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).done();
    Said::by(enroll).done();
    assert_eq!(devices(&a), 3);
}

#[test]
fn after_three_wrong_short_codes_the_right_one_is_refused_too() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let approve = ["device", "approve", "--yes", "--code-fd", "0"];
    for _ in 0..3 {
        let detail = a.run_with(&approve, "aaaa-aaaa\n").problem(exit::NOT_FOUND);
        assert_eq!(detail, "no enrolment has this code; read it again on the new device");
    }
    let c = Device::new(&server);
    let mut person = Person::begins(&c, &b, "ed25519");
    let short_code = person.newcomer.reads();
    let refused = a.run_with(&approve, &short_code).problem(exit::REFUSED);
    assert!(refused.starts_with("too many wrong codes"), "{refused}");

    // The guesses of one device are not another's.
    person.approver.types(&short_code);
    let (shown_by_c, shown_by_b) = (person.newcomer.reads(), person.approver.reads());
    person.approver.types(&shown_by_c);
    person.newcomer.types(&shown_by_b);
    person.approver.ends().done();
    person.newcomer.ends().done();
}

#[test]
fn an_enrolment_is_used_once() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let c = Device::new(&server);
    let qr = c.new_pipe();
    let enroll = c.enroll("Ana's tablet", &["--qr-file", qr.to_str().unwrap()]);
    let code = fs::read_to_string(&qr).unwrap();
    a.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).done();
    Said::by(enroll).done();

    for approver in [&a, &b] {
        let again = approver.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).problem(exit::REFUSED);
        assert!(again.contains("start again"), "{again}");
        assert_eq!(devices(approver), 3);
    }
}

#[test]
fn an_enrolment_that_is_given_up_lets_nobody_in() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    let qr = b.new_pipe();
    let mut enroll = b.enroll("Ana's phone", &["--qr-file", qr.to_str().unwrap()]);
    let code = fs::read_to_string(&qr).unwrap();

    // Nobody can be asked whether to let it in, so nobody has agreed.
    let mut approve = std::process::Command::new("setsid");
    let real = a.command(&["device", "approve", "--qr", "-"]);
    approve.arg("--wait").arg(real.get_program()).args(real.get_args());
    keyfold_tests::fed(approve, &code).problem(exit::USAGE);

    drop(enroll.stdin.take());
    let detail = Said::by(enroll).last_problem(exit::REFUSED);
    assert!(detail.contains("start again on the new device"), "{detail}");
    nothing_joined(&b, &a, 1);
}

#[test]
fn a_profile_that_has_an_account_joins_no_other() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    a.fails(exit::USAGE, &["device", "enroll", "--server", a.url()]);
    a.fails(exit::USAGE, &["account", "create", "--server", a.url()]);
    assert_eq!(devices(&a), 1);
}
