use std::{fs, process::Command};

use keyfold_tests::{exit, program};

#[test]
fn the_help_documents_every_exit_status() {
    let help = said("keyfold", &["--help"]);
    let (_, statuses) = help.split_once("Exit status:\n").unwrap();
    for exit in [
        exit::USAGE,
        exit::WRONG_PASSPHRASE,
        exit::NO_NETWORK,
        exit::NOT_TRUSTED,
        exit::REFUSED,
        exit::CLOCK,
        exit::SYNC_STOPPED,
        exit::NOT_FOUND,
        exit::MALFORMED,
        exit::NOT_ALLOWED,
        exit::STORAGE,
        exit::BUSY,
        exit::OUTPUT,
        exit::UNKNOWN,
        exit::KEYRING,
    ] {
        let line = format!("  {:<3} ", exit.status);
        assert!(statuses.lines().any(|documented| documented.starts_with(&line)), "{exit:?}");
    }
    assert!(said("keyfoldd", &["--help"]).contains("Exit status: 0 after a clean stop, 1 if it failed, 2 for a wrong"));
}

#[test]
fn every_command_has_its_help() {
    for arguments in [
        &["account", "create"][..],
        &["account", "delete"],
        &["device", "enroll"],
        &["device", "approve"],
        &["device", "list"],
        &["device", "rename"],
        &["sync"],
        &["status"],
        &["safety-number"],
        &["passkey", "list"],
        &["passkey", "show"],
        &["passkey", "rename"],
        &["passkey", "delete"],
        &["webauthn", "create"],
        &["webauthn", "get"],
        &["keyring", "enable"],
        &["keyring", "disable"],
        &["keyring", "status"],
        &["completions"],
    ] {
        let help = said("keyfold", &[arguments, &["--help"]].concat());
        assert!(help.contains("Usage: keyfold") && help.contains("--json"), "{help}");
    }
    for arguments in
        [&["serve"][..], &["migrate"], &["config"], &["health"], &["invite", "create"], &["invite", "list"]]
    {
        assert!(said("keyfoldd", &[arguments, &["--help"]].concat()).contains("Usage: keyfoldd"));
    }
}

#[test]
fn both_programs_complete_themselves_in_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        for (name, command) in [("keyfold", "webauthn"), ("keyfoldd", "invite")] {
            let script = said(name, &["completions", shell]);
            assert!(script.contains(name) && script.contains(command), "{name} in {shell}");
        }
    }
    for name in ["keyfold", "keyfoldd"] {
        // Longer than an argument may be.
        let script = tempfile::NamedTempFile::new().unwrap();
        fs::write(script.path(), said(name, &["completions", "bash"])).unwrap();
        assert!(Command::new("bash").arg("-n").arg(script.path()).status().unwrap().success());
    }
}

#[test]
fn both_programs_say_their_version() {
    for name in ["keyfold", "keyfoldd"] {
        assert_eq!(said(name, &["--version"]), format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}

/// What a program prints that does what it is asked and complains of nothing.
fn said(name: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program(name)).args(arguments).output().unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}
