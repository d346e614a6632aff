use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tss_esapi::{constants::CapabilityType, structures::CapabilityData};

use crate::tpm::{KeyAuth, Tpm, TpmAddress};

/// A TPM emulator of this test's own. It takes one connection at a time, and ends with the test.
pub(super) struct Chip {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Chip {
    /// As it comes out of the factory, without certificates.
    pub(super) fn new() -> Self {
        Self::start(tempfile::tempdir().unwrap())
    }

    /// With endorsement keys and certificates of a manufacturer, who is this test.
    pub(super) fn with_certificates() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let setup = |arguments: &[&str]| {
            let mut command = Command::new("swtpm_setup");
            // Its configuration, and the certificate authority that it makes.
            command.args(arguments).env("XDG_CONFIG_HOME", folder.path().join("config"));
            let output = command.output().expect("swtpm_setup: install swtpm-tools");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        };
        setup(&["--create-config-files", "overwrite,root"]);
        setup(&["--tpm2", "--create-ek-cert", "--tpmstate", folder.path().to_str().unwrap()]);
        Self::start(folder)
    }

    fn start(folder: tempfile::TempDir) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let port = port_of_two();
            let mut process = spawn(folder.path(), port);
            if listens(&mut process, &folder.path().join("pid"), deadline) {
                return Self { process, port, _folder: folder };
            }
        }
        panic!("no TPM emulator starts");
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn open(&self) -> Tpm {
        open(self.port)
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

pub(super) fn open(port: u16) -> Tpm {
    Tpm::open(&format!("swtpm:host=127.0.0.1,port={port}").parse::<TpmAddress>().unwrap()).unwrap()
}

/// A key's PIN in these tests.
pub(super) fn pin() -> KeyAuth {
    KeyAuth::of_pin(&PIN).unwrap()
}

/// A key's secret in these tests.
pub(super) fn secret() -> KeyAuth {
    KeyAuth::of_secret(&[0x5a; 32]).unwrap()
}

/// What the TPM has loaded: objects, and sessions.
pub(super) fn loaded(tpm: &mut Tpm) -> usize {
    let mut count = |first| match tpm.context.get_capability(CapabilityType::Handles, first, 100).unwrap() {
        (CapabilityData::Handles(handles), _) => handles.len(),
        other => panic!("{other:?}"),
    };
    count(TRANSIENT) + count(LOADED_SESSIONS)
}

/// The first of two ports that were free a moment ago.
pub(super) fn port_of_two() -> u16 {
    loop {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        if port.checked_add(1).is_some_and(|next| TcpListener::bind((Ipv4Addr::LOCALHOST, next)).is_ok()) {
            return port;
        }
    }
}

fn spawn(folder: &Path, port: u16) -> Child {
    Command::new("swtpm")
        .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
        .arg("--tpmstate")
        .arg(format!("dir={}", folder.display()))
        .arg("--pid")
        .arg(format!("file={}", folder.join("pid").display()))
        .args(["--server", &format!("type=tcp,port={port}"), "--ctrl", &format!("type=tcp,port={}", port + 1)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("swtpm: install it")
}

/// It writes its process's number once it has both ports; it ends if another test took one meanwhile.
fn listens(process: &mut Child, pid: &Path, deadline: Instant) -> bool {
    while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
        if std::fs::read_to_string(pid).is_ok_and(|number| number.trim() == process.id().to_string()) {
            return true;
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
    let _ = process.kill();
    process.wait().unwrap();
    false
}

pub(super) const PIN: [u8; 32] = *b"what is derived from a PIN: 0123";
const TRANSIENT: u32 = 0x8000_0000;
const LOADED_SESSIONS: u32 = 0x0200_0000;
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
