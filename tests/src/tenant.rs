use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Device, Domain, Server, ServerOptions, programs::python};

/// An organisation on a server, as its operator runs it by `keyfoldd`.
pub struct Tenant<'a> {
    server: &'a Server,
    folder: TempDir,
    pub id: String,
    pub url: String,
}

/// A relying party's server that asks a tenant, in Python.
pub struct Client {
    folder: TempDir,
    tenant: String,
    ca: PathBuf,
    pub id: String,
    /// What its key is called.
    pub key: String,
}

/// What a server was answered.
#[derive(Debug)]
pub struct Answered(pub Value);

impl<'a> Tenant<'a> {
    /// One whose root and certificates are all there.
    pub fn founded(server: &'a Server, name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let (root, passphrase) = (folder.path().join("root.age"), folder.path().join("passphrase"));
        fs::write(&passphrase, "the root's own passphrase\n").unwrap();
        let (root, passphrase) = (root.to_str().unwrap(), passphrase.to_str().unwrap());
        let made = ["init", "--name", name, "--country", "DE", "--root", root, "--root-passphrase-file", passphrase];
        let made = server.command(&[&made[..], &["--json"]].concat()).done();
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Self { server, id: text("tenant"), url: text("url"), folder }
    }

    /// One whose root is elsewhere, and has certified nothing yet: it gives no leaves.
    pub fn without_root(server: &'a Server, name: &str) -> Self {
        let made = server.command(&["init", "--name", name, "--without-root", "--json"]).done();
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Self { server, id: text("tenant"), url: text("url"), folder: TempDir::new().unwrap() }
    }

    /// Has new keys certified for leaves, and takes back the ones before.
    #[track_caller]
    pub fn replaces_its_issuer(&self) {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (root, passphrase) = (path("root.age"), path("passphrase"));
        let at_the_root = |arguments: &[&str]| {
            let with = ["--root", &root, "--root-passphrase-file", &passphrase];
            let said = self.server.command(&[arguments, &with].concat());
            assert_eq!(said.status, 0, "{}", said.err);
            said.out
        };
        let shown = self.server.command(&["ca", "show", "--tenant", &self.id, "--json"]).out;
        let mut shown = shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let issuer = shown.find(|shown| shown["role"] == "issuer").unwrap();
        let request = self.server.command(&["ca", "request", "--new-keys", "--tenant", &self.id]).out;
        let request = self.file("request.pem", &request);
        let certified = self.file("certified.pem", &at_the_root(&["ca", "sign", &request]));
        self.does(&["ca", "install", &certified]);
        let revoked = at_the_root(&["ca", "revoke", issuer["serial"].as_str().unwrap()]);
        let revoked = self.file("revoked.pem", &revoked);
        self.does(&["ca", "install-revoked", &revoked]);
    }

    /// Runs a command of `keyfoldd` about this tenant; gives its JSON.
    #[track_caller]
    pub fn does(&self, arguments: &[&str]) -> Value {
        self.server.command(&[arguments, &["--tenant", &self.id, "--json"]].concat()).done()
    }

    /// A file beside the root's.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// From now on devices must be so.
    pub fn requires(&self, requirement: &Value, grace_days: u16) {
        let rule =
            json!({ "id": "rule", "requirement": requirement, "severity": "non-compliant", "grace-days": grace_days });
        let policy = json!({ "id": "policy", "name": "Policy", "rules": [rule] });
        let file = self.file("policy.json", &policy.to_string());
        self.does(&["compliance", "set", &file]);
    }

    /// What every device of these tests is.
    pub fn requires_little(&self) {
        self.requires(&json!({ "agent-version": { "at-least": "0.1" } }), 0);
    }

    /// What none of them is.
    pub fn requires_too_much(&self) {
        self.requires(&json!({ "agent-version": { "at-least": "999" } }), 0);
    }

    /// Has an account join, by one of its devices.
    #[track_caller]
    pub fn takes_in(&self, device: &Device, name: &str) {
        let code = self.does(&["member", "invite", name])["code"].as_str().unwrap().to_owned();
        let named = self.named();
        device.ok(&["tenant", "join", &code, "--confirm", &named]);
    }

    fn named(&self) -> String {
        let listed = self.server.command(&["tenant", "list", "--json"]);
        let mut tenants = listed.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let own = tenants.find(|tenant| tenant["tenant"] == self.id.as_str()).unwrap();
        own["name"].as_str().unwrap().to_owned()
    }

    /// A relying party that may ask for evidence.
    pub fn client(&self, name: &str) -> Client {
        self.client_for(name, "evidence")
    }

    pub fn client_for(&self, name: &str, scope: &str) -> Client {
        let folder = TempDir::new().unwrap();
        let keys = run(folder.path(), "keys", &Value::Null);
        let file = self.file(&format!("{name}.json"), &keys.to_string());
        let added = self.does(&["client", "add", name, "--keys", &file, "--scope", scope]);
        let id = added["client"].as_str().unwrap().to_owned();
        let key = keys["keys"][0]["kid"].as_str().unwrap().to_owned();
        Client { folder, tenant: self.url.clone(), ca: self.server.ca(), id, key }
    }

    /// Lists an RP id for a client, and has its domain prove it.
    #[track_caller]
    pub fn lists(&self, client: &Client, domain: &Domain) {
        let listed = self.does(&["rp-id", "add", &client.id, domain.name()]);
        domain.says(&format!("# who may ask\n{}\n", listed["line"].as_str().unwrap()));
        assert_eq!(self.does(&["rp-id", "prove", &client.id, domain.name()])["proved"], true);
    }
}

impl Client {
    /// Asks; with what the test adds to the question.
    pub fn ask_with(&self, path: &str, body: &Value, more: &Value) -> Answered {
        let mut question = self.question(body);
        question["path"] = path.into();
        if body.is_null() {
            question.as_object_mut().unwrap().remove("body");
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            question[name] = value.clone();
        }
        Answered(run(self.folder.path(), "ask", &question))
    }

    pub fn ask(&self, path: &str, body: &Value) -> Answered {
        self.ask_with(path, body, &Value::Null)
    }

    /// Asks for a report, and verifies it as an outsider.
    pub fn report(&self, body: &Value) -> Answered {
        Answered(run(self.folder.path(), "report", &self.question(body)))
    }

    /// Where something stands in a status list.
    pub fn standing(&self, reference: &Value) -> String {
        let mut question = self.question(&Value::Null);
        question["reference"] = reference.clone();
        run(self.folder.path(), "standing", &question)["standing"].as_str().unwrap().to_owned()
    }

    /// Verifies an attestation by the tenant's root and metadata.
    pub fn attested(&self, registration: &Value, challenge: &Value, rp_id: &str) -> Value {
        let mut question = self.question(&Value::Null);
        question["registration"] = registration.clone();
        question["challenge"] = challenge.clone();
        question["rp_id"] = rp_id.into();
        run(self.folder.path(), "attested", &question)
    }

    fn question(&self, body: &Value) -> Value {
        json!({ "tenant": self.tenant, "ca": self.ca, "client": self.id, "body": body })
    }
}

impl Answered {
    /// Its body; panics unless it was answered.
    #[track_caller]
    pub fn told(&self) -> &Value {
        assert_eq!(self.0["status"], 200, "{}", self.0);
        &self.0["body"]
    }

    /// The claims of a report.
    #[track_caller]
    pub fn claims(&self) -> &Value {
        assert_eq!(self.0["status"], 200, "{}", self.0);
        &self.0["claims"]
    }

    /// Panics unless it was refused so.
    #[track_caller]
    pub fn refused(&self, status: u16, name: &str) {
        assert_eq!(self.0["status"], status, "{}", self.0);
        let kind = self.0["body"]["type"].as_str().or(self.0["body"]["error"].as_str()).unwrap();
        assert_eq!(kind.trim_start_matches("urn:keyfold:problem:"), name, "{}", self.0);
    }
}

/// A server that asks these domains.
pub fn server_that_asks(domains: &[&Domain]) -> Server {
    Server::start_with(options_that_ask(domains))
}

pub fn options_that_ask(domains: &[&Domain]) -> ServerOptions {
    let hosts: Vec<String> = domains.iter().map(|domain| domain.host()).collect();
    let pem: String = domains.iter().map(|domain| fs::read_to_string(domain.ca()).unwrap()).collect();
    // Beside the first domain's own, and gone with it.
    let ca = domains[0].ca().with_file_name("all.pem");
    fs::write(&ca, pem).unwrap();
    ServerOptions {
        environment: vec![
            ("KEYFOLD_DOMAINS__HOSTS".to_owned(), hosts.join(",")),
            ("KEYFOLD_DOMAINS__CA".to_owned(), ca.to_str().unwrap().to_owned()),
        ],
        ..ServerOptions::default()
    }
}

fn run(folder: &Path, step: &str, given: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("outsiders/relying_party.py");
    let mut child = Command::new(python())
        .arg(script)
        .arg(folder)
        .arg(step)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let given = if given.is_null() { String::new() } else { given.to_string() };
    child.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "the relying party broke: {}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}
