use keyfold_tests::{Device, Server, Shop, exit, fed};
use serde_json::{Value, json};

#[test]
fn every_command_answers_in_json_and_in_words() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    let device = a.ok(&["status"])["device"].as_str().unwrap().to_owned();
    let passkey = a.only_passkey();
    for (arguments, member, word) in [
        (&["status"][..], "account", "Account "),
        (&["device", "list"], "devices", "Ana's laptop"),
        (&["device", "rename", &device, "Ana's desk"], "name", "Ana's desk"),
        (&["sync"], "items_pushed", "Synced: "),
        (&["safety-number"], "safety_number", "keyfold safety-number --roster-seq"),
        (&["passkey", "list"], "passkeys", "shop.example"),
        (&["passkey", "show", &passkey], "credential_id", "Credential id"),
        (&["passkey", "rename", &passkey[..4], "shopping"], "label", "shopping"),
        (&["passkey", "delete", &passkey, "--yes"], "deleted_at", "Deleted "),
        (&["account", "delete", "--yes"], "account", " is deleted, on the server and in this profile."),
    ] {
        // Where it may be done once, the words come from the second device of the story.
        let other = (arguments[0] == "account").then(|| Device::founded(&server, "Ben's laptop"));
        let answer = a.ok(arguments);
        assert!(!answer[member].is_null(), "{arguments:?}: {answer}");
        let words = fed(other.as_ref().unwrap_or(&a).command_for_people(arguments), "");
        assert_eq!((words.status, words.err.as_str()), (0, ""));
        assert!(words.out.contains(word), "{arguments:?}: {}", words.out);
        assert!(serde_json::from_str::<Value>(&words.out).is_err(), "{arguments:?}: {}", words.out);
    }
}

#[test]
fn the_server_answers_in_json_too() {
    let mut server = Server::start();
    let settings = server.command(&["config", "--json"]).done();
    let told = json!({ "value": 64, "origin": "default", "meaning": "Active devices of an account" });
    assert_eq!(settings["limits.devices"], told);
    assert_eq!(
        (&settings["public_url"]["value"], &settings["public_url"]["origin"]),
        (&json!(server.url()), &json!("flag"))
    );
    assert!(server.command(&["invite", "create", "--json"]).done()["invite"].is_string());
    assert_eq!(server.command(&["invite", "list", "--json"]).done()["state"], "open");
    server.stop();
    assert_eq!(server.command(&["migrate", "--json"]).done(), json!({ "applied": [] }));

    std::fs::remove_file(server.data().join("ca.key")).unwrap();
    let failed = server.command(&["serve", "--json", "--log-level", "error"]);
    let detail = failed.problem(exit::SERVER_FAILED);
    assert!(detail.contains("ca.key is missing"), "{detail}");
    server.command(&["frobnicate", "--json"]).problem(exit::USAGE);
}

#[test]
fn a_private_key_is_never_shown() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    let reveal = std::process::Command::new(keyfold_tests::program("reveal"))
        .args([a.profile_folder(), a.passphrase_file()])
        .output()
        .unwrap();
    let revealed: Value = serde_json::from_slice(&reveal.stdout).unwrap();
    let private_key = revealed["private_key"].as_str().unwrap();
    let passkey = a.only_passkey();
    for arguments in [&["passkey", "list", "--deleted"][..], &["passkey", "show", &passkey], &["status"], &["sync"]] {
        let shown = a.run(arguments);
        assert!(!shown.out.contains(private_key) && !shown.err.contains(private_key));
    }
}

#[test]
fn a_result_that_cannot_be_written_is_told() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = a.command(&["status"]).stdout(full).output().unwrap();
    keyfold_tests::Said::of(ended).problem(exit::OUTPUT);
}

#[test]
fn an_empty_id_names_nothing() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    for command in [&["passkey", "show", ""][..], &["passkey", "delete", "", "--yes"], &["device", "rename", "", "x"]] {
        a.fails(exit::USAGE, command);
    }
    a.only_passkey();
}

#[test]
fn passkeys_are_listed_by_relying_party() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    for site in ["shop.example", "bank.example"] {
        let shop = Shop::new(site);
        a.make_passkey(&shop.origin(), &shop.registration_options("ana"));
    }
    let listed = a.ok(&["passkey", "list", "--rp", "bank.example"]);
    let sites: Vec<_> = listed["passkeys"].as_array().unwrap().iter().map(|passkey| &passkey["rp_id"]).collect();
    assert_eq!(sites, ["bank.example"]);
}
