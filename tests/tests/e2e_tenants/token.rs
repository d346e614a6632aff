//! A tenant's root whose keys are in a token: it does what one in a file does, and nobody takes the keys out.

use std::{fs, path::Path};

use keyfold_tests::{Device, Said, Server, ServerOptions, SoftToken};
use serde_json::{Value, json};

use crate::nobody_issues;

/// A server whose operator has a token, and a folder for what is carried between them.
struct Operator {
    server: Server,
    token: SoftToken,
    folder: tempfile::TempDir,
}

impl Operator {
    fn new() -> Self {
        let token = SoftToken::fresh();
        let (name, settings) = token.environment();
        let options = ServerOptions { environment: vec![(name.to_owned(), settings)], ..ServerOptions::default() };
        Self { server: Server::start_with(options), token, folder: tempfile::TempDir::new().unwrap() }
    }

    /// Runs a command with the token and its PIN.
    fn with_token(&self, arguments: &[&str]) -> Said {
        let pin = self.token.pin_file();
        self.with_pin(arguments, pin.to_str().unwrap())
    }

    fn with_pin(&self, arguments: &[&str], pin: &str) -> Said {
        let token = ["--pkcs11", SoftToken::MODULE, "--token", SoftToken::LABEL, "--pin-file", pin];
        self.server.command(&[arguments, &token].concat())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Has devices report little, and takes one in; how many leaves it has then.
    fn leaves_of(&self, laptop: &Device) -> Value {
        let policy = self.file("policy.json", LITTLE);
        self.server.command(&["compliance", "set", &policy, "--json"]).done();
        let code = self.server.command(&["member", "invite", "Ana", "--json"]).done()["code"].clone();
        laptop.ok(&["tenant", "join", code.as_str().unwrap(), "--confirm", "Example Ltd."]);
        laptop.ok(&["tenant", "list"])["tenants"][0]["spare_leaves"].clone()
    }
}

/// What it said, if it did what it was told.
#[track_caller]
fn out(said: Said) -> String {
    assert_eq!(said.status, 0, "{}", said.err);
    said.out
}

#[test]
fn a_root_in_a_token_certifies_the_server() {
    let operator = Operator::new();
    let server = &operator.server;
    server.command(&["init", "--name", "Example Ltd.", "--without-root", "--json"]).done();
    let made = operator.with_token(&["ca", "root", "--name", "Example Ltd.", "--country", "DE", "--json"]).done();
    assert_eq!(made["token"], SoftToken::LABEL);
    let again = operator.with_token(&["ca", "root", "--name", "Example Ltd."]);
    assert!(again.server_line().contains("has a root of \"Example Ltd.\""), "{}", again.err);

    let request = operator.file("request.pem", &out(server.command(&["ca", "request"])));
    let certified = out(operator.with_token(&["ca", "sign", &request]));
    let certified = operator.file("certified.pem", &certified);
    server.command(&["ca", "install", &certified, "--json"]).done();
    let laptop = Device::founded(server, "Ana's laptop");
    assert_eq!(operator.leaves_of(&laptop), 32);

    // Every three months the same root, found in the token by the tenant's name, beside another's.
    operator.with_token(&["ca", "root", "--name", "Other Ltd.", "--json"]).done();
    let request = operator.file("request.pem", &out(server.command(&["ca", "request", "--new-keys"])));
    let certified = operator.file("certified.pem", &out(operator.with_token(&["ca", "sign", &request])));
    server.command(&["ca", "install", &certified, "--json"]).done();

    // It takes back what it signed.
    let shown: Vec<Value> = lines(&out(server.command(&["ca", "show", "--json"])));
    let serials: Vec<&str> = shown[1..].iter().map(|shown| shown["serial"].as_str().unwrap()).collect();
    assert_eq!(serials.len(), 2);
    let several = operator.with_token(&["ca", "revoke", serials[0]]);
    assert!(several.server_line().contains("--name"), "{}", several.err);
    let revoke = [&["ca", "revoke", "--name", "Example Ltd."], serials.as_slice()].concat();
    let list = operator.file("revoked.pem", &out(operator.with_token(&revoke)));
    server.command(&["ca", "install-revoked", &list, "--json"]).done();
    let phone = Device::enrolled(server, "Ana's phone", &laptop);
    nobody_issues(&phone);
}

#[test]
fn a_tenant_begins_with_its_root_in_a_token() {
    let operator = Operator::new();
    let init = ["init", "--name", "Example Ltd.", "--country", "DE", "--json"];
    assert!(operator.with_token(&init).done()["tenant"].is_string());
    assert_eq!(operator.leaves_of(&Device::founded(&operator.server, "Ana's laptop")), 32);
}

#[test]
fn nobody_takes_a_root_out_of_its_token() {
    let operator = Operator::new();
    operator.with_token(&["ca", "root", "--name", "Example Ltd.", "--json"]).done();
    let robbed = operator.token.robbed(Path::new(THIEF));
    assert_eq!(robbed["unguarded"], json!(["read", "copied", "wrapped", "laid open"]), "the thief is no thief");
    assert_eq!(robbed["taken"], json!([[], []]), "of both keys nothing");
    assert_eq!(robbed["without_pin"], 0);
}

/// Whoever has a token may write certificates into it without the PIN.
#[test]
fn nothing_is_signed_for_another_keys_certificate() {
    let operator = Operator::new();
    operator.server.command(&["init", "--name", "Example Ltd.", "--without-root", "--json"]).done();
    let request = operator.file("request.pem", &out(operator.server.command(&["ca", "request"])));
    operator.with_token(&["ca", "root", "--name", "Example Ltd.", "--json"]).done();
    assert!(out(operator.with_token(&["ca", "sign", &request])).contains("BEGIN CERTIFICATE"));
    operator.token.disordered(Path::new(THIEF));
    let refused = operator.with_token(&["ca", "sign", &request]).server_line();
    assert!(refused.contains("not by the key of its certificate"), "{refused}");
}

#[test]
fn a_token_that_does_not_serve_is_told_of_in_a_line_with_its_mend() {
    let operator = Operator::new();
    let root = ["ca", "root", "--name", "Example Ltd."];
    let wrong = operator.file("wrong", "314159\n");
    let refused = operator.with_pin(&root, &wrong).server_line();
    assert!(refused.contains("PIN is wrong: it has counted that"), "{refused}");
    let unasked = operator.server.command(&[&root[..], &TOKEN].concat()).server_line();
    assert!(unasked.contains("--pin-file"), "{unasked}");

    let with = |module, label| {
        let pin = operator.token.pin_file();
        let token = ["--pkcs11", module, "--token", label, "--pin-file", pin.to_str().unwrap()];
        operator.server.command(&[&root[..], &token].concat()).server_line()
    };
    let missing = with("/nowhere/module.so", SoftToken::LABEL);
    assert!(missing.contains("/nowhere/module.so") && missing.contains("your token's maker"), "{missing}");
    let other = with(SoftToken::MODULE, "Another");
    assert!(other.contains("no token has the label \"Another\": there is \"Example roots\""), "{other}");

    // Of a root that is not there, and of what a file and a token cannot be at once.
    operator.server.command(&["init", "--name", "Example Ltd.", "--without-root", "--json"]).done();
    let request = operator.file("request.pem", &out(operator.server.command(&["ca", "request"])));
    let none = operator.with_token(&["ca", "sign", &request]).server_line();
    assert!(none.contains("make one by `keyfoldd ca root`"), "{none}");
    operator.with_token(&["ca", "root", "--name", "Other Ltd.", "--json"]).done();
    let others = operator.with_token(&["ca", "sign", &request]).server_line();
    assert!(others.contains("it has that of \"Other Ltd.\""), "{others}");
    let both = operator.with_token(&["ca", "sign", &request, "--root", "root.age"]);
    assert_eq!(both.status, 2, "{}", both.err);

    operator.token.initialize();
    let several = operator.with_token(&root).server_line();
    assert!(several.contains("several tokens have the label"), "{several}");
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const THIEF: &str = env!("CARGO_BIN_EXE_token-thief");
const TOKEN: [&str; 4] = ["--pkcs11", SoftToken::MODULE, "--token", SoftToken::LABEL];
const LITTLE: &str = r#"{"id": "policy", "name": "Policy", "rules":
    [{"id": "rule", "requirement": {"agent-version": {"at-least": "0.1"}}, "severity": "non-compliant", "grace-days": 0}]}"#;
