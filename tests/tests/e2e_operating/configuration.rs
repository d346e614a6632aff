use std::fs;

use keyfold_tests::{Server, ServerOptions, does_not_start};

#[test]
fn the_configuration_is_printed_with_where_it_comes_from_and_without_secrets() {
    let options = ServerOptions::with([
        ("KEYFOLD_SIGN_UP", "closed"),
        ("KEYFOLD_LIMITS__DEVICES", "7"),
        ("KEYFOLD_DATABASE", "postgres://keyfold:s3cr@t-pass@db.example/keyfold"),
    ]);
    let mut server = Server::start();
    let file = server.data().join("keyfoldd.toml");
    fs::write(&file, "[log]\nlevel = 'warn'\n[limits]\ndevices = 5\nitems = 99\n").unwrap();
    server.stop();
    server.set(options);

    let printed = server.command(&["config", "--config", file.to_str().unwrap(), "--log-format", "json"]);
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    for line in [
        "sign_up = \"closed\"  # environment",
        "devices = 7  # environment",
        &format!("items = 99  # {}", file.display()),
        &format!("level = \"warn\"  # {}", file.display()),
        "format = \"json\"  # flag",
        "keep_alive = 75  # default",
        "database = \"postgres://keyfold:***@db.example/keyfold\"  # environment",
    ] {
        assert!(printed.out.lines().any(|printed| printed == line), "{line} is not in\n{}", printed.out);
    }
    assert!(!printed.out.contains("s3cr") && !printed.out.contains("t-pass"), "{}", printed.out);
}

#[test]
fn what_is_printed_is_a_file_that_says_the_same() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_LIMITS__DEVICES", "7")]));
    let printed = server.command(&["config"]).out;
    let file = server.data().join("printed.toml");
    fs::write(&file, &printed).unwrap();
    let again = does_not_serve(&["config", "--config", file.to_str().unwrap()]);
    let settings = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| Some(line.split_once("  # ")?.0.to_owned())).collect()
    };
    assert!(settings(&printed).len() > 20);
    assert_eq!(settings(&again), settings(&printed));
}

#[test]
fn settings_that_are_none_are_told_in_one_line() {
    let server = Server::start();
    let file = server.data().join("keyfoldd.toml");
    let path = file.to_str().unwrap();
    for (text, word) in [
        ("signup = 'open'", "signup"),
        ("[limits]\ndevices = 'many'", "many"),
        ("listen = 'everywhere'", "`listen`"),
        ("not toml at all", "line 1"),
        ("plain_listen = '192.0.2.1:80'", "plain_listen_beyond_loopback"),
        ("public_url = 'http://keys.example'", "public_url"),
        ("listen = '0.0.0.0:8443'", "public_url"),
        ("database = 'mysql://localhost/keyfold'", "sqlite:PATH"),
        ("[http]\nbody_timeout = 0", "http.body_timeout"),
        ("[traces]\notlp_endpoint = 'grpc://otel.example'", "traces.otlp_endpoint"),
        ("[traces]\nsample = 2", "traces.sample"),
    ] {
        fs::write(&file, text).unwrap();
        let options = ServerOptions::default();
        let line = does_not_start(&options, &["--config", path]).server_line();
        assert!(line.contains(word), "{text}: {line}");
    }
    let line = does_not_start(&ServerOptions::default(), &["--log-level", "info=loud"]).server_line();
    assert!(line.starts_with("log.level: "), "{line}");
    let line = does_not_start(&ServerOptions::default(), &["--config", "/no/such/file.toml"]).server_line();
    assert!(line.starts_with("cannot read /no/such/file.toml: "), "{line}");
}

/// Runs another command than `serve`, without any server's settings.
fn does_not_serve(arguments: &[&str]) -> String {
    let ran = std::process::Command::new(keyfold_tests::program("keyfoldd")).args(arguments).output().unwrap();
    assert!(ran.status.success());
    String::from_utf8(ran.stdout).unwrap()
}
