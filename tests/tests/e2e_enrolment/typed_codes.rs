use keyfold_tests::{Device, Said, Server, Shop, exit};

use crate::{
    devices, nothing_joined,
    person::{Person, wrong},
};

#[test]
fn a_device_joins_by_codes_that_a_person_types() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let made = a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made).backed_up();
    let b = Device::new(&server);

    let mut person = Person::begins(&b, &a, "ed25519");
    let (shown_by_b, shown_by_a) = person.names_the_enrolment();
    person.newcomer.types(&shown_by_a);
    person.approver.types(&shown_by_b);

    let approved = person.approver.ends().done();
    let enrolled = person.newcomer.ends().done();
    assert_eq!((&approved["name"], &enrolled["name"]), (&"Ana's phone".into(), &"Ana's phone".into()));
    assert_eq!(approved["device"], enrolled["device"]);
    assert_eq!((&enrolled["passkeys"], &enrolled["server"]), (&1.into(), &b.url().into()));
    assert!(shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
}

#[test]
fn files_may_carry_the_codes_and_the_device_may_sign_with_es256() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    let path = |device: &Device| device.home().join("shown").to_str().unwrap().to_owned();
    let (by_a, by_b) = (path(&a), path(&b));

    let options = ["--typed", "--device-key", "es256", "--show-code-file", &by_b, "--code-file", &by_a];
    let enroll = b.enroll("TPM phone", &options);
    let approve = a.start(&["device", "approve", "--yes", "--show-code-file", &by_a, "--code-file", &by_b]);
    Said::by(approve).done();
    Said::by(enroll).done();

    let shop = Shop::new("shop.example");
    let made = b.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    assert!(!shop.judge_registration(&made).backed_up(), "it is not sent yet");
    a.ok(&["sync"]);
    assert!(shop.judge_sign_in(&a.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up());
}

#[test]
fn a_wrong_check_code_on_the_approver_ends_it_on_both_sides() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    let mut person = Person::begins(&b, &a, "ed25519");
    let (shown_by_b, shown_by_a) = person.names_the_enrolment();

    person.approver.types(&wrong(&shown_by_b));
    let detail = person.approver.ends().last_problem(exit::NOT_ALLOWED);
    assert!(detail.starts_with("the check codes differ"), "{detail}");
    person.newcomer.types(&shown_by_a);
    let detail = person.newcomer.ends().last_problem(exit::REFUSED);
    assert!(detail.contains("start again on the new device"), "{detail}");

    nothing_joined(&b, &a, 1);
    b.join(&a, "Ana's phone", "ed25519");
}

#[test]
fn a_wrong_check_code_on_the_new_device_ends_it_on_both_sides() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    let mut person = Person::begins(&b, &a, "ed25519");
    let (shown_by_b, shown_by_a) = person.names_the_enrolment();

    person.newcomer.types(&wrong(&shown_by_a));
    let detail = person.newcomer.ends().last_problem(exit::NOT_ALLOWED);
    assert!(detail.starts_with("the check codes differ"), "{detail}");
    person.approver.types(&shown_by_b);
    person.approver.ends().last_problem(exit::REFUSED);

    nothing_joined(&b, &a, 1);
    b.join(&a, "Ana's phone", "ed25519");
}

#[test]
fn what_is_no_check_code_ends_it_too() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    for typed in ["1234", "abcd efgh"] {
        let mut person = Person::begins(&b, &a, "ed25519");
        let (shown_by_b, _) = person.names_the_enrolment();
        person.newcomer.types(typed);
        person.newcomer.ends().last_problem(exit::MALFORMED);
        person.approver.types(&shown_by_b);
        person.approver.ends().last_problem(exit::REFUSED);

        let mut person = Person::begins(&b, &a, "ed25519");
        let (_, shown_by_a) = person.names_the_enrolment();
        person.approver.types(typed);
        person.approver.ends().last_problem(exit::MALFORMED);
        person.newcomer.types(&shown_by_a);
        person.newcomer.ends().last_problem(exit::REFUSED);
    }
    nothing_joined(&b, &a, 1);
}

#[test]
fn a_check_code_that_never_comes_ends_it_too() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::new(&server);
    let mut person = Person::begins(&b, &a, "ed25519");
    let (shown_by_b, _) = person.names_the_enrolment();
    // Waiting for the end closes the standard input that codes come from.
    person.newcomer.ends().last_problem(exit::USAGE);
    person.approver.types(&shown_by_b);
    person.approver.ends().last_problem(exit::REFUSED);
    nothing_joined(&b, &a, 1);

    let mut person = Person::begins(&b, &a, "ed25519");
    let (_, shown_by_a) = person.names_the_enrolment();
    person.approver.ends().last_problem(exit::USAGE);
    person.newcomer.types(&shown_by_a);
    person.newcomer.ends().last_problem(exit::REFUSED);
    assert_eq!(devices(&a), 1);
}
