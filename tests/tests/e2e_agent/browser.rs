use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use keyfold_tests::{Device, Server, started};
use serde_json::{Value, json};

use crate::agent::Agent;

/// The native host is installed for one browser; the folder of its manifests, and the agent's socket that it will reach.
pub(crate) fn installed(device: &Device) -> (PathBuf, PathBuf) {
    let (at, socket) = (device.home().join("manifests"), device.home().join("agent.sock"));
    let (browser, agent) = (at.to_str().unwrap(), socket.to_str().unwrap());
    device.ok(&["browser", "install", "--manifest-dir", browser, "--socket", agent]);
    (at, socket)
}

/// Ana's laptop and its agent, as browsers find them.
pub(crate) struct Desk {
    pub(crate) a: Device,
    pub(crate) socket: PathBuf,
    manifests: PathBuf,
    _agent: Agent,
    _server: Server,
}

impl Desk {
    pub(crate) fn ready() -> Self {
        let server = Server::start();
        let a = Device::founded(&server, "Ana's laptop");
        let (manifests, socket) = installed(&a);
        let agent = Agent::ready(&a, &socket);
        Self { a, socket, manifests, _agent: agent, _server: server }
    }

    /// A browser's native host.
    pub(crate) fn host(&self) -> Host {
        Host::started_by(&self.manifests)
    }

    pub(crate) fn page(&self) -> Page {
        Page { host: self.host(), passphrase: fs::read_to_string(self.a.passphrase_file()).unwrap() }
    }
}

/// A page of shop.example and its person, who approves whatever it asks for.
pub(crate) struct Page {
    pub(crate) host: Host,
    pub(crate) passphrase: String,
}

impl Page {
    /// The id of the passkey that is made.
    pub(crate) fn creates(&mut self, id: u64, action: &str) -> Value {
        self.asks(id, "create", action, &creation())
    }

    /// The id of the passkey that signs in.
    pub(crate) fn signs_in(&mut self, id: u64, passkey: &Value) -> Value {
        let allowed = [json!({ "type": "public-key", "id": passkey })];
        self.asks(id, "get", "sign-in", &request(&allowed))
    }

    fn asks(&mut self, id: u64, what: &str, action: &str, options: &Value) -> Value {
        let prompt = self.asked(id, what, options);
        assert_eq!((&prompt["type"], &prompt["action"]), (&json!("prompt"), &json!(action)), "{prompt}");
        self.types_the_passphrase(&prompt);
        let told = self.host.hears().unwrap();
        assert_eq!(told["type"], "result", "{told}");
        told["response"]["id"].clone()
    }

    /// The prompt for a new passkey (`create`), or for a signature by any (`get`).
    pub(crate) fn begins(&mut self, id: u64, what: &str) -> Value {
        let options = if what == "create" { creation() } else { request(&[]) };
        self.asked(id, what, &options)
    }

    fn asked(&mut self, id: u64, what: &str, options: &Value) -> Value {
        self.host.asks(&json!({
            "type": what, "id": id, "origin": "https://shop.example", "rpIdChecked": true, "options": options,
        }))
    }

    pub(crate) fn approves(&mut self, prompt: &Value) {
        self.host.says(&json!({
            "type": "answer", "id": prompt["id"], "prompt": prompt["prompt"], "decision": "approve",
        }));
    }

    pub(crate) fn types_the_passphrase(&mut self, prompt: &Value) {
        self.host.says(&json!({
            "type": "answer", "id": prompt["id"], "prompt": prompt["prompt"], "decision": "approve",
            "passphrase": self.passphrase.trim_end(),
        }));
    }
}

fn creation() -> Value {
    json!({
        "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
        "rp": { "id": "shop.example", "name": "Shop" },
        "user": { "id": "YW5h", "name": "ana", "displayName": "Ana" },
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        "authenticatorSelection": { "userVerification": "required" },
    })
}

fn request(allowed: &[Value]) -> Value {
    json!({
        "challenge": "AAAAAAAAAAAAAAAAAAAAAA", "rpId": "shop.example", "userVerification": "required",
        "allowCredentials": allowed,
    })
}

/// The native host, as a browser starts it.
pub(crate) struct Host {
    pub(crate) child: Child,
    pub(crate) to: ChildStdin,
    from: ChildStdout,
}

impl Host {
    /// By the only manifest in this folder.
    pub(crate) fn started_by(manifests: &Path) -> Self {
        let manifest = fs::read_dir(manifests).unwrap().next().unwrap().unwrap().path();
        let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        let mut command = Command::new(manifest["path"].as_str().unwrap());
        command.arg(manifest["allowed_origins"][0].as_str().unwrap());
        Self::started_as(command)
    }

    pub(crate) fn started_as(command: Command) -> Self {
        let mut child = started(command);
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from }
    }

    pub(crate) fn asks(&mut self, message: &Value) -> Value {
        self.says(message);
        self.hears().expect("an answer")
    }

    pub(crate) fn says(&mut self, message: &Value) {
        let message = message.to_string();
        self.to.write_all(&u32::try_from(message.len()).unwrap().to_ne_bytes()).unwrap();
        self.to.write_all(message.as_bytes()).unwrap();
    }

    /// The next message; none, once the host has ended.
    pub(crate) fn hears(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        self.from.read_exact(&mut length).ok()?;
        let mut message = vec![0; usize::try_from(u32::from_ne_bytes(length)).unwrap()];
        self.from.read_exact(&mut message).unwrap();
        Some(serde_json::from_slice(&message).unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
