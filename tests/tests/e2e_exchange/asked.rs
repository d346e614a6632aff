use std::fs;

use keyfold_tests::{Device, Server, Shop, Terminal, exit, fed};

#[test]
fn an_export_names_the_file_and_nothing_else_confirms_it() {
    let server = Server::start();
    let laptop = a_laptop(&server);
    let file = laptop.home().join("all.cxf.age");
    let words = |more: &[&'static str]| {
        let words: Vec<String> =
            ["export", file.to_str().unwrap()].iter().chain(more).map(|&word| word.to_owned()).collect();
        words
    };
    let fails = |status, more: &[&'static str]| {
        let words = words(more);
        laptop.fails(status, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let refused = fails(exit::NOT_ALLOWED, &["--yes"]);
    assert!(refused.contains("--confirm"), "{refused}");
    fails(exit::NOT_ALLOWED, &["--confirm", "other.age"]);
    let unasked = fails(exit::USAGE, &["--confirm", "all.cxf.age"]);
    assert!(unasked.contains("--file-passphrase-file"), "{unasked}");
    assert!(!file.exists());
    assert_eq!(laptop.ok(&["exports"])["exports"].as_array().unwrap().len(), 0);

    let dry = laptop.ok(&["export", file.to_str().unwrap(), "--dry-run"]);
    assert_eq!((dry["passkeys"][0]["rp_id"].as_str(), dry["file"].as_str()), (Some("shop.example"), None));
    assert!(!file.exists());

    laptop.ok(&["export", file.to_str().unwrap(), "--plaintext", "--confirm", "all.cxf.age"]);
    assert!(fs::read_to_string(&file).unwrap().starts_with(r#"{"version":{"major":1,"minor":0}"#));
    let exports = laptop.ok(&["exports"]);
    let [export] = exports["exports"].as_array().unwrap().as_slice() else { panic!("{exports}") };
    assert_eq!((&export["encrypted"], &export["signed"]), (&false.into(), &true.into()));
    assert_eq!(export["device_name"], "Ana's laptop");
    let nowhere = laptop.home().join("no-such-folder/all.cxf");
    for (place, why) in [(nowhere.as_path(), "there is no folder"), (laptop.home(), "is a folder")] {
        let refused =
            laptop.fails(exit::USAGE, &["export", place.to_str().unwrap(), "--plaintext", "--confirm", "all.cxf"]);
        assert!(refused.contains(why), "{refused}");
    }
    let there = fails(exit::USAGE, &["--plaintext", "--confirm", "all.cxf.age"]);
    assert!(there.contains("is there already"), "{there}");
}

#[test]
fn a_file_that_cannot_be_written_was_exported_all_the_same() {
    let server = Server::start();
    let laptop = a_laptop(&server);
    // Where nobody may make a file, whoever they are.
    let said = laptop.run(&["export", "/proc/all.cxf", "--plaintext", "--confirm", "all.cxf"]);
    said.problem(exit::USAGE);
    assert_eq!(laptop.ok(&["exports"])["exports"].as_array().unwrap().len(), 1);
}

#[test]
fn an_import_says_beforehand_what_comes_and_keeps_what_is_no_passkey() {
    let server = Server::start();
    let (laptop, other) = (a_laptop(&server), Device::founded(&server, "Ben's laptop"));
    let file = laptop.home().join("all.cxf");
    let text = file.to_str().unwrap();
    laptop.ok(&["export", text, "--plaintext", "--confirm", "all.cxf"]);
    let mut document: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let note = serde_json::json!({ "id": "bm90ZQ", "title": "Alarm\u{1b}[2J", "credentials": [{ "type": "note" }] });
    document["accounts"][0]["items"].as_array_mut().unwrap().push(note);
    fs::write(&file, document.to_string()).unwrap();

    let dry = other.ok(&["import", text, "--dry-run"]);
    assert_eq!((dry["imported"].as_bool(), dry["others"].as_u64()), (Some(false), Some(1)));
    assert_eq!(dry["exporter"]["name"], "Keyfold");
    other.fails(exit::USAGE, &["import", text]);
    assert!(other.ok(&["passkey", "list"])["passkeys"].as_array().unwrap().is_empty());

    other.ok(&["import", text, "--yes"]);
    let kept = other.ok(&["foreign", "list"]);
    assert_eq!((&kept["items"][0]["title"], &kept["items"][0]["kinds"][0]), (&"Alarm\u{1b}[2J".into(), &"note".into()));
    let shown = fed(other.command_for_people(&["foreign", "list"]), "").out;
    assert!(shown.contains("note") && !shown.contains('\u{1b}'), "{shown}");
    let id = kept["items"][0]["id"].as_str().unwrap();
    other.ok(&["foreign", "delete", id, "--yes"]);
    assert!(other.ok(&["foreign", "list"])["items"].as_array().unwrap().is_empty());
    other.ok(&["foreign", "restore", id]);
    assert_eq!(other.ok(&["foreign", "list"])["items"].as_array().unwrap().len(), 1);
    let unknown = other.fails(exit::NOT_FOUND, &["foreign", "delete", "zzz", "--yes"]);
    assert!(unknown.contains("`keyfold foreign list`"), "{unknown}");
    other.fails(exit::NOT_FOUND, &["passkey", "show", id]);
}

#[test]
fn a_file_that_is_none_and_a_wrong_passphrase_are_told_in_one_line() {
    let server = Server::start();
    let laptop = a_laptop(&server);
    let file = laptop.home().join("all.cxf.age");
    let (text, passphrase) = (file.to_str().unwrap(), laptop.home().join("file-passphrase"));
    let passphrase = passphrase.to_str().unwrap();
    fs::write(passphrase, "short\n").unwrap();
    laptop.fails(exit::USAGE, &["export", text, "--confirm", "all.cxf.age", "--file-passphrase-file", passphrase]);
    fs::write(passphrase, "open sesame\n").unwrap();
    laptop.ok(&["export", text, "--confirm", "all.cxf.age", "--file-passphrase-file", passphrase]);
    fs::write(passphrase, "open barley\n").unwrap();
    laptop.fails(exit::WRONG_PASSPHRASE, &["import", text, "--yes", "--file-passphrase-file", passphrase]);
    fs::write(&file, "{").unwrap();
    let broken = laptop.fails(exit::MALFORMED, &["import", text, "--yes"]);
    assert!(broken.contains("all.cxf.age: not a credential exchange file"), "{broken}");
}

#[test]
fn a_person_is_shown_what_leaves_and_types_the_files_name() {
    let server = Server::start();
    let laptop = a_laptop(&server);
    let file = laptop.home().join("all.cxf.age");
    let mut terminal = Terminal::runs(&laptop.command_for_people(&["export", file.to_str().unwrap()]));
    terminal.shows("1 passkeys and 0 other items go into an encrypted file: for shop.example.");
    terminal.shows("Type the file's name, all.cxf.age, to go on: ");
    terminal.types("all.cxf.age");
    terminal.shows("Choose a passphrase for the file: ");
    terminal.types("open sesame");
    terminal.shows("The same again: ");
    terminal.types("open sesame");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0);
    assert!(shown.contains("Exported: 1 passkeys and 0 other items into"), "{shown}");
    assert!(file.exists());
}

fn a_laptop(server: &Server) -> Device {
    let laptop = Device::founded(server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    let made = laptop.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    assert!(shop.judge_registration(&made).accepted());
    laptop
}
