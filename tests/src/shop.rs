use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::python;

/// A relying party on PyPI `webauthn`.
pub struct Shop {
    folder: TempDir,
    rp_id: String,
    algorithm: &'static str,
}

/// What the library said of a response.
#[derive(Debug)]
pub struct Verdict(Value);

impl Shop {
    /// A shop that wants ES256.
    pub fn new(rp_id: &str) -> Self {
        Self { folder: TempDir::new().unwrap(), rp_id: rp_id.to_owned(), algorithm: "es256" }
    }

    /// A shop that wants EdDSA.
    pub fn that_wants_eddsa(rp_id: &str) -> Self {
        Self { algorithm: "eddsa", ..Self::new(rp_id) }
    }

    pub fn origin(&self) -> String {
        format!("https://{}", self.rp_id)
    }

    /// `PublicKeyCredentialCreationOptionsJSON`
    pub fn registration_options(&self, user: &str) -> String {
        self.run(&["register-options", "--rp-id", &self.rp_id, "--user", user, "--algorithm", self.algorithm], "")
    }

    pub fn judge_registration(&self, response: &str) -> Verdict {
        Verdict(serde_json::from_str(&self.run(&["register-verify"], response)).unwrap())
    }

    /// `PublicKeyCredentialRequestOptionsJSON`
    pub fn sign_in_options(&self) -> String {
        self.run(&["sign-in-options"], "")
    }

    pub fn judge_sign_in(&self, response: &str) -> Verdict {
        Verdict(serde_json::from_str(&self.run(&["sign-in-verify"], response)).unwrap())
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rp/rp.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(self.state())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let ran = child.wait_with_output().unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        assert!(!out.is_empty(), "the relying party broke: {}", String::from_utf8_lossy(&ran.stderr));
        out
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("shop.json")
    }
}

impl Verdict {
    pub fn accepted(&self) -> bool {
        self.0["accepted"].as_bool().unwrap()
    }

    /// Why the library refused.
    pub fn reason(&self) -> &str {
        self.0["reason"].as_str().unwrap_or_default()
    }

    /// Panics unless the library accepted, with the user verified and BE set; gives BS.
    #[track_caller]
    pub fn backed_up(&self) -> bool {
        assert!(self.accepted(), "refused: {}", self.reason());
        assert_eq!(self.0["user_verified"], true);
        assert_eq!(self.0["backup_eligible"], true);
        assert_eq!(self.0["sign_count"], 0);
        self.0["backed_up"].as_bool().unwrap()
    }

    pub fn field(&self, name: &str) -> &Value {
        &self.0[name]
    }
}
