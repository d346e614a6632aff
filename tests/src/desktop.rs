use std::{
    fs::{self, File},
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use crate::{bus::Bus, fed};

/// A desktop's session of this test's own: a D-Bus, and a GNOME Keyring on it, in a home of its own. It ends with the test.
pub struct Desktop {
    /// Its folder is the home.
    bus: Bus,
    keyring: Option<Child>,
}

impl Desktop {
    /// Somebody has just logged in, which unlocked their keyring.
    pub fn logged_in() -> Self {
        let mut desktop = Self::without_a_keyring();
        desktop.start_keyring(&["--unlock"]);
        desktop.until_the_default_keyring_is("false");
        desktop
    }

    /// A session in which no program offers a keyring, and none is started when it is asked for.
    pub fn without_a_keyring() -> Self {
        Self { bus: Bus::start(0o700), keyring: None }
    }

    /// The command, as it runs in this session, with no terminal and no passphrase given.
    pub fn runs(&self, command: &Command) -> Command {
        let mut inside = Command::new("setsid");
        inside.arg("--wait").arg(command.get_program()).args(command.get_args());
        self.lets_in(inside)
    }

    /// The command, as it runs in this session.
    pub fn lets_in(&self, mut command: Command) -> Command {
        for absent in ["DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL"] {
            command.env_remove(absent);
        }
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus.address()).env("XDG_RUNTIME_DIR", self.bus.folder());
        command.env("HOME", self.bus.folder()).env("XDG_DATA_HOME", self.bus.folder());
        command
    }

    /// As a screen's lock or a timer does it.
    pub fn locks_its_keyring(&mut self) {
        let paths = "array:objpath:/org/freedesktop/secrets/collection/login";
        self.calls(&["--dest=org.freedesktop.secrets", SECRETS, "org.freedesktop.Secret.Service.Lock", paths]);
        self.until_the_default_keyring_is("true");
    }

    /// Logs out and in again.
    pub fn logs_in_again(&mut self) {
        self.logs_out();
        self.start_keyring(&["--unlock"]);
        self.until_the_default_keyring_is("false");
    }

    /// Logs out, and in again without a password: the keyring stays locked from the beginning.
    pub fn logs_in_again_without_a_password(&mut self) {
        self.logs_out();
        self.start_keyring(&[]);
        self.until_the_default_keyring_is("true");
    }

    /// `secret-tool`: another program that uses the same keyring. Gives what it prints.
    pub fn another_program(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut tool = Command::new("secret-tool");
        tool.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut tool = self.lets_in(tool).spawn().expect("secret-tool is missing: run tests/run, which installs it");
        tool.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        tool.wait_with_output().unwrap()
    }

    /// All that is said on its bus meanwhile, as every program of the same user can hear it.
    pub fn overhears(&self, meanwhile: impl FnOnce()) -> Vec<u8> {
        let mut monitor = Command::new("dbus-monitor");
        monitor.args(["--session", "--binary"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut monitor = self.lets_in(monitor).spawn().unwrap();
        let mut heard = Vec::new();
        // It hears everything once it has lost its own name.
        Self::hears(&mut monitor, &mut heard, b"NameLost");
        meanwhile();
        self.calls(&[DBUS, "/", "org.freedesktop.DBus.NameHasOwner", "string:that.is.all"]);
        Self::hears(&mut monitor, &mut heard, b"that.is.all");
        monitor.kill().unwrap();
        monitor.wait().unwrap();
        heard
    }

    fn hears(monitor: &mut Child, heard: &mut Vec<u8>, last: &[u8]) {
        while !heard.windows(last.len()).any(|window| window == last) {
            let mut more = [0; 4096];
            let length = monitor.stdout.as_mut().unwrap().read(&mut more).unwrap();
            assert_ne!(length, 0, "the bus is gone");
            heard.extend_from_slice(&more[..length]);
        }
    }

    /// The files of its keyring.
    pub fn keyring_folder(&self) -> PathBuf {
        self.bus.folder().join("keyrings")
    }

    fn logs_out(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill().unwrap();
            keyring.wait().unwrap();
        }
        // The bus has noticed once nobody has the name.
        while self.calls(&[DBUS, "/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
            != Some("boolean false".to_owned())
        {}
    }

    fn start_keyring(&mut self, options: &[&str]) {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--components=secrets"]).args(options);
        let said = File::create(self.bus.folder().join("keyring.log")).unwrap();
        daemon.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(said);
        let missing = "gnome-keyring-daemon is missing: run tests/run, which installs it";
        let mut daemon = self.lets_in(daemon).spawn().expect(missing);
        daemon.stdin.take().unwrap().write_all(b"the password of the login").unwrap();
        self.keyring = Some(daemon);
    }

    fn until_the_default_keyring_is(&mut self, locked: &str) {
        let get = "org.freedesktop.DBus.Properties.Get";
        let (interface, property) = ("string:org.freedesktop.Secret.Collection", "string:Locked");
        let wanted = format!("boolean {locked}");
        let arguments = ["--dest=org.freedesktop.secrets", DEFAULT, get, interface, property];
        while self.calls(&arguments).is_none_or(|answer| !answer.ends_with(&wanted)) {
            let ended = self.keyring.as_mut().unwrap().try_wait().unwrap();
            let said = || fs::read_to_string(self.bus.folder().join("keyring.log")).unwrap();
            assert!(ended.is_none(), "gnome-keyring-daemon has ended ({ended:?}): {}", said());
        }
    }

    /// What a call on the bus gives, if it gives anything.
    fn calls(&self, arguments: &[&str]) -> Option<String> {
        let mut call = Command::new("dbus-send");
        call.args(["--session", "--print-reply=literal"]).args(arguments);
        let said = fed(self.lets_in(call), "");
        (said.status == 0).then(|| said.out.trim().to_owned())
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if let Some(keyring) = &mut self.keyring {
            keyring.kill().unwrap();
            keyring.wait().unwrap();
        }
    }
}

const DBUS: &str = "--dest=org.freedesktop.DBus";
const SECRETS: &str = "/org/freedesktop/secrets";
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";
