use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Server, program};

/// A device: one profile of the real `keyfold`, in a home of its own.
pub struct Device {
    home: TempDir,
    url: String,
    ca: PathBuf,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Device {
    /// A device that has no account yet.
    pub fn new(server: &Server) -> Self {
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("passphrase"), "correct horse battery staple\n").unwrap();
        Self { home, url: server.url(), ca: server.ca() }
    }

    /// The first device of a new account.
    pub fn founded(server: &Server, name: &str) -> Self {
        Self::founded_with_key(server, name, "ed25519")
    }

    pub fn founded_with_key(server: &Server, name: &str, key: &str) -> Self {
        let device = Self::new(server);
        device.ok(&["account", "create", "--server", &device.url, "--name", name, "--device-key", key]);
        device
    }

    /// A further device, let in by `approver` through its QR code.
    pub fn enrolled(server: &Server, name: &str, approver: &Self) -> Self {
        Self::enrolled_with_key(server, name, approver, "ed25519")
    }

    pub fn enrolled_with_key(server: &Server, name: &str, approver: &Self, key: &str) -> Self {
        let device = Self::new(server);
        let qr = device.pipe("qr.txt");
        let enroll = device.start(&[
            "device",
            "enroll",
            "--server",
            &device.url,
            "--name",
            name,
            "--device-key",
            key,
            "--qr-file",
            qr.to_str().unwrap(),
        ]);
        let code = fs::read_to_string(&qr).unwrap();
        let approved = approver.run_with(&["device", "approve", "--qr", "-", "--yes"], &code);
        assert_eq!(approved.status, 0, "not approved: {}", approved.err);
        let enrolled = Said::of(enroll.wait_with_output().unwrap());
        assert_eq!(enrolled.status, 0, "not enrolled: {}", enrolled.err);
        device
    }

    /// A named pipe in this device's home: who reads it waits until somebody has written.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.home.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn passphrase_file(&self) -> PathBuf {
        self.home.path().join("passphrase")
    }

    /// Runs a command that must succeed; gives its JSON.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> Value {
        self.ok_with(arguments, "")
    }

    #[track_caller]
    pub fn ok_with(&self, arguments: &[&str], stdin: &str) -> Value {
        let said = self.run_with(arguments, stdin);
        assert_eq!(said.status, 0, "keyfold {arguments:?}: {}", said.err);
        if said.out.trim().is_empty() { Value::Null } else { serde_json::from_str(&said.out).unwrap() }
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Said {
        let mut child = self.start(arguments);
        // A command that fails early does not read its input: then nobody is there to take it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        Said::of(child.wait_with_output().unwrap())
    }

    /// `RegistrationResponseJSON` for a relying party's options.
    #[track_caller]
    pub fn make_passkey(&self, origin: &str, options: &str) -> String {
        self.ok_with(&["webauthn", "create", "--origin", origin, "--yes"], options).to_string()
    }

    /// `AuthenticationResponseJSON` for a relying party's options.
    #[track_caller]
    pub fn sign_in(&self, origin: &str, options: &str) -> String {
        self.ok_with(&["webauthn", "get", "--origin", origin, "--yes"], options).to_string()
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The command with this device's options, for tests that change something about it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("keyfold"));
        command.args(["--json", "--home"]).arg(self.home.path().join("home"));
        command.arg("--ca").arg(&self.ca).arg("--passphrase-file").arg(self.passphrase_file()).args(arguments);
        command
    }
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
