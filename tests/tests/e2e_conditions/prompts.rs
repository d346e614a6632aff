use std::{
    fs,
    process::{Command, Stdio},
};

use keyfold_tests::{Device, Said, Server, Shop, exit, fed};

use crate::passkeys;

#[test]
fn without_a_terminal_a_prompt_names_the_option_that_answers_it() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let options = shop.registration_options("ana@shop.example");
    let origin = shop.origin();
    for (arguments, option) in [
        (&["webauthn", "create", "--origin", &origin][..], "--yes"),
        (&["account", "delete"], "--yes"),
        (&["device", "approve"], "--code-file"),
    ] {
        let detail = alone(a.command(arguments), &options).problem(exit::USAGE);
        assert_eq!(alone(a.command_for_people(arguments), &options).line(exit::USAGE), detail);
        assert!(detail.contains("no terminal") && detail.contains(option), "{detail}");
    }
    let mut list = a.bare();
    list.args(["passkey", "list"]);
    let detail = alone(list, "").line(exit::USAGE);
    assert!(detail.contains("--passphrase-file FILE or --passphrase-fd N"), "{detail}");
    assert_eq!(passkeys(&a).len(), 0);
}

#[test]
fn a_passphrase_comes_by_file_descriptor_too() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let passphrase = fs::read_to_string(a.passphrase_file()).unwrap();
    let mut list = a.bare();
    list.args(["passkey", "list", "--json", "--passphrase-fd", "0"]);
    fed(list, &passphrase).done();
}

#[test]
fn no_option_takes_a_secret_itself() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    for arguments in [&["sync", "--passphrase", "correct horse"][..], &["device", "approve", "--code", "abcd1234"]] {
        let detail = a.run(arguments).problem(exit::USAGE);
        assert!(!detail.contains("correct horse") && !detail.contains("abcd1234"), "{detail}");
    }
}

#[test]
fn wrong_usage_is_a_problem_object_where_json_is_wanted() {
    let server = Server::start();
    let a = Device::new(&server);
    for arguments in
        [&["frobnicate"][..], &["device", "enroll"], &["sync", "--sometimes"], &["--profile", "../x", "sync"]]
    {
        a.run(arguments).problem(exit::USAGE);
    }
}

/// Runs a command that has no terminal, whoever runs the tests.
fn alone(command: Command, stdin: &str) -> Said {
    let mut alone = Command::new("setsid");
    alone.arg("--wait").arg(command.get_program()).args(command.get_args()).stderr(Stdio::piped());
    fed(alone, stdin)
}
