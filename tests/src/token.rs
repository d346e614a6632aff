use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

/// A token (PKCS#11) in software, as its owner holds it.
pub struct SoftToken {
    folder: TempDir,
}

impl SoftToken {
    pub const LABEL: &str = "Example roots";
    pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    pub const PIN: &str = "271828";

    pub fn fresh() -> Self {
        let folder = TempDir::new().unwrap();
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens).unwrap();
        let settings = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        fs::write(folder.path().join("softhsm2.conf"), settings).unwrap();
        fs::write(folder.path().join("pin"), format!("{}\n", Self::PIN)).unwrap();
        let token = Self { folder };
        token.initialize();
        token
    }

    /// One more of the same label.
    pub fn initialize(&self) {
        let mut command = Command::new("softhsm2-util");
        let (name, settings) = self.environment();
        command.env(name, settings).args(["--init-token", "--free", "--label", Self::LABEL]);
        let made = command.args(["--pin", Self::PIN, "--so-pin", "31415926"]).output().unwrap();
        assert!(made.status.success(), "softhsm2-util: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Where its module finds it: a variable and its value.
    pub fn environment(&self) -> (&'static str, String) {
        ("SOFTHSM2_CONF", self.path("softhsm2.conf").to_str().unwrap().to_owned())
    }

    pub fn pin_file(&self) -> PathBuf {
        self.path("pin")
    }

    /// What somebody gets out of it who knows the PIN, and tries each way.
    pub fn robbed(&self, thief: &Path) -> Value {
        serde_json::from_slice(&self.met(thief, &["take", Self::MODULE, Self::LABEL, Self::PIN])).unwrap()
    }

    /// Somebody who does not know the PIN has its certificates change places.
    pub fn disordered(&self, thief: &Path) {
        self.met(thief, &["disorder", Self::MODULE, Self::LABEL]);
    }

    fn met(&self, thief: &Path, arguments: &[&str]) -> Vec<u8> {
        let (name, settings) = self.environment();
        let ran = Command::new(thief).env(name, settings).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
