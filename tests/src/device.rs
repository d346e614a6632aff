use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Said, Screen, Server, exit::Exit, program};

/// A device: one profile of the real `keyfold`, in a home of its own.
pub struct Device {
    home: TempDir,
    url: String,
    ca: PathBuf,
}

impl Device {
    /// A device that has no account yet.
    pub fn new(server: &Server) -> Self {
        Self::new_in(server, &env::temp_dir())
    }

    /// A device whose home lies in this folder.
    pub fn new_in(server: &Server, folder: &Path) -> Self {
        let home = TempDir::new_in(folder).unwrap();
        fs::write(home.path().join("passphrase"), "correct horse battery staple\n").unwrap();
        Self { home, url: server.url(), ca: server.ca() }
    }

    /// A device that trusts another CA than the server's own.
    pub fn trusting(server: &Server, ca: PathBuf) -> Self {
        Self { ca, ..Self::new(server) }
    }

    /// The first device of a new account.
    pub fn founded(server: &Server, name: &str) -> Self {
        Self::founded_with_key(server, name, "ed25519")
    }

    pub fn founded_with_key(server: &Server, name: &str, key: &str) -> Self {
        let device = Self::new(server);
        device.found(name, key);
        device
    }

    /// Creates an account with this device as its first.
    #[track_caller]
    pub fn found(&self, name: &str, key: &str) {
        self.ok(&["account", "create", "--server", &self.url, "--name", name, "--device-key", key]);
    }

    /// A further device, let in by `approver` through its QR code.
    pub fn enrolled(server: &Server, name: &str, approver: &Self) -> Self {
        Self::enrolled_with_key(server, name, approver, "ed25519")
    }

    pub fn enrolled_with_key(server: &Server, name: &str, approver: &Self, key: &str) -> Self {
        let device = Self::new(server);
        device.join(approver, name, key);
        device
    }

    /// Joins the approver's account through a QR code.
    #[track_caller]
    pub fn join(&self, approver: &Self, name: &str, key: &str) {
        let qr = self.new_pipe();
        let enroll = self.enroll(name, &["--device-key", key, "--qr-file", qr.to_str().unwrap()]);
        let code = fs::read_to_string(&qr).unwrap();
        approver.run_with(&["device", "approve", "--qr", "-", "--yes"], &code).done();
        Said::by(enroll).done();
    }

    /// Starts to enrol, with more options.
    pub fn enroll(&self, name: &str, options: &[&str]) -> Child {
        self.start(&[&["device", "enroll", "--server", &self.url, "--name", name], options].concat())
    }

    /// A named pipe in this device's home: who reads it waits until somebody has written.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.home.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// A pipe under a name of its own.
    pub fn new_pipe(&self) -> PathBuf {
        let pipes = fs::read_dir(self.home.path()).unwrap().count();
        self.pipe(&format!("pipe-{pipes}.txt"))
    }

    /// A pipe in which this device shows its codes.
    pub fn screen(&self) -> Screen {
        Screen::new(self.new_pipe())
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where `keyfold` keeps this device's profile.
    pub fn profile_folder(&self) -> PathBuf {
        self.home.path().join("home/profiles/default")
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
        self.run_with(arguments, stdin).done()
    }

    /// A command that must fail so each time, in one line: as a problem object, and in words for people. Gives the detail.
    #[track_caller]
    pub fn fails(&self, exit: Exit, arguments: &[&str]) -> String {
        self.fails_with(exit, arguments, "")
    }

    #[track_caller]
    pub fn fails_with(&self, exit: Exit, arguments: &[&str], stdin: &str) -> String {
        fed(self.command_for_people(arguments), stdin).line(exit);
        fed(self.command(arguments), stdin).problem(exit)
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> Said {
        fed(self.command(arguments), stdin)
    }

    /// `RegistrationResponseJSON` for a relying party's options.
    #[track_caller]
    pub fn make_passkey(&self, origin: &str, options: &str) -> String {
        self.ok_with(&["webauthn", "create", "--origin", origin, "--yes"], options).to_string()
    }

    /// The same for a passkey that stays on this device.
    #[track_caller]
    pub fn make_bound_passkey(&self, origin: &str, options: &str) -> String {
        self.ok_with(&["webauthn", "create", "--origin", origin, "--device-bound", "--yes"], options).to_string()
    }

    /// `AuthenticationResponseJSON` for a relying party's options.
    #[track_caller]
    pub fn sign_in(&self, origin: &str, options: &str) -> String {
        self.ok_with(&["webauthn", "get", "--origin", origin, "--yes"], options).to_string()
    }

    /// The id of this device's passkey, which must be the only one.
    #[track_caller]
    pub fn only_passkey(&self) -> String {
        let listed = self.ok(&["passkey", "list"]);
        let [passkey] = listed["passkeys"].as_array().unwrap().as_slice() else { panic!("not one passkey: {listed}") };
        passkey["id"].as_str().unwrap().to_owned()
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        started(self.command(arguments))
    }

    /// The command with this device's options, for tests that change something about it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command_for_people(arguments);
        command.arg("--json");
        command
    }

    /// The same, with its answers in words.
    pub fn command_for_people(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.arg("--ca").arg(&self.ca).arg("--passphrase-file").arg(self.passphrase_file()).args(arguments);
        command
    }

    /// `keyfold` with this device's home and nothing else.
    pub fn bare(&self) -> Command {
        let mut command = Command::new(program("keyfold"));
        command.arg("--home").arg(self.home.path().join("home"));
        command
    }
}

/// Runs a command to its end, with this on its standard input.
pub fn fed(command: Command, stdin: &str) -> Said {
    let mut child = started(command);
    // A command that fails early does not read its input: then nobody is there to take it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    Said::by(child)
}

/// Starts a command that this test talks to.
pub fn started(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}
