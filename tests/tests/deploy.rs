//! What is deployed is what is built: containers and compose name settings, ports and versions that there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use keyfold_tests::program;
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn containers_are_told_settings_that_there_are() {
    let settings = settings(&[]);
    let settings = settings.as_object().unwrap().keys();
    let known: BTreeSet<String> =
        settings.map(|name| format!("KEYFOLD_{}", name.replace('.', "__").to_ascii_uppercase())).collect();
    for file in ["Containerfile", "compose.yaml"] {
        let text = container(file);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let told: Vec<&str> = words.filter(|word| word.starts_with("KEYFOLD_")).collect();
        assert!(!told.is_empty());
        for name in told {
            assert!(known.contains(name) || name == "KEYFOLD_CONFIG", "{file} sets {name}, which nothing reads");
        }
    }
}

#[test]
fn an_image_is_built_with_the_compiler_that_the_workspace_asks_for() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(container("Containerfile").contains(&format!("FROM docker.io/library/rust:{version}-")), "{version}");
    let version = env!("CARGO_PKG_VERSION");
    assert!(container("compose.yaml").contains(&format!("image: localhost/keyfoldd:{version}\n")), "{version}");
    // Whatever is newest would be another program tomorrow.
    for file in ["Containerfile", "compose.yaml"] {
        let text = container(file);
        let from =
            text.lines().filter_map(|line| line.trim().strip_prefix("FROM ").or(line.trim().strip_prefix("image: ")));
        for image in from.map(|line| line.split(' ').next().unwrap()) {
            let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
            assert!(!tag.is_empty() && tag != "latest", "{file}: {image}");
        }
    }
}

#[test]
fn the_proxy_and_the_image_agree_on_ports() {
    let (image, compose, proxy) = (container("Containerfile"), container("compose.yaml"), container("haproxy.cfg"));
    let port = |setting: &str| {
        let value = image
            .lines()
            .find_map(|line| line.trim().strip_prefix("ENV ").unwrap_or(line.trim()).strip_prefix(setting));
        value.unwrap().trim_end_matches(" \\").rsplit_once(':').unwrap().1.to_owned()
    };
    let (tls, metrics) = (port("KEYFOLD_LISTEN="), port("KEYFOLD_METRICS_LISTEN="));
    assert!(image.contains(&format!("\nEXPOSE {tls} {metrics}\n")));
    assert!(proxy.contains(&format!(" keyfoldd:{tls}\n")) && proxy.contains(&format!(" check port {metrics} ")));
    let bound = proxy.lines().find_map(|line| line.trim().strip_prefix("bind :")).unwrap();
    assert!(compose.contains(&format!("ports: [\"443:{bound}\"]\n")));
}

#[test]
fn nothing_in_compose_may_more_than_it_must_and_no_password_is_in_it() {
    let compose = container("compose.yaml");
    let (_, services) = compose.split_once("\nservices:\n").unwrap();
    let (services, _) = services.split_once("\nnetworks:\n").unwrap();
    let named =
        services.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':'));
    let hardened = services.matches("    <<: *hardened\n").count() + services.matches("    <<: *keyfoldd\n").count();
    assert_eq!(hardened, named.count());
    for word in ["cap_drop: [ALL]", "no-new-privileges:true", "read_only: true", "max-size: "] {
        assert!(compose.contains(word), "{word}");
    }
    for word in ["privileged: ", "cap_add", "PASSWORD:", "postgres://", "redis://"] {
        assert!(!compose.contains(word), "{word}");
    }
}

#[test]
fn the_setup_makes_settings_and_passwords_that_nobody_has_seen() {
    let folder = TempDir::new().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for place in [&one, &two] {
        assert!(setup(&["vault.example.org:8443", place.to_str().unwrap()]).status.success());
        assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let read = |place: &Path, name: &str| fs::read_to_string(place.join(name)).unwrap();
    let password = read(&one, "postgres");
    assert!(password.len() == 64 && password != read(&two, "postgres"));
    let redis = read(&one, "redis.conf");
    let redis = redis.lines().find_map(|line| line.strip_prefix("requirepass ")).unwrap();
    assert!(redis.len() == 64 && redis != password);

    let file = one.join("keyfoldd.toml");
    let settings = settings(&["--config", file.to_str().unwrap()]);
    assert_eq!(settings["public_url"]["value"], "https://vault.example.org:8443");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("postgres://keyfold:{password}@postgres/keyfold\"")));
    assert!(text.contains(&format!("redis://:{redis}@redis:6379\"")));
    for secret in ["keyfoldd.toml", "postgres", "redis.conf", "tls.crt", "tls.key"] {
        assert!(
            container("compose.yaml").contains(&format!("  {secret}:\n    file: ./secrets/{secret}\n")),
            "{secret}"
        );
    }

    // A database was made with these passwords: they stay.
    assert!(!setup(&["vault.example.org", one.to_str().unwrap()]).status.success());
    assert_eq!(read(&one, "postgres"), password);
    for host in ["https://vault.example.org", "Vault.example.org", "a b", "x\"y"] {
        let place = folder.path().join("three");
        assert!(!setup(&[host, place.to_str().unwrap()]).status.success(), "{host}");
        assert!(!place.exists());
    }
}

#[test]
fn what_the_manual_quotes_the_server_says() {
    let manual = fs::read_to_string(deploy().join("README.md")).unwrap();
    let (_, table) = manual.split_once("\n| it says | mend |\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|')).skip(1);
    let said = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let parts = said.flat_map(|said| said.split(['…', ':'])).flat_map(|part| part.split(" ADDRESS"));
    let parts: Vec<&str> =
        parts.flat_map(|part| part.split("PATH")).map(str::trim).filter(|part| part.len() > 5).collect();
    assert!(parts.len() > 10, "{parts:?}");
    let sources = sources(&deploy().join("../crates")) + &sources(&deploy().join("../migrations"));
    for part in parts {
        // What a library says of a setting that there is not.
        assert!(sources.contains(part) || part == "unknown field", "no program says: {part}");
    }
}

/// All of a folder's Rust.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = entries.map(|path| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(kind) if kind == "rs" => fs::read_to_string(&path).unwrap(),
        _ => String::new(),
    });
    text.collect()
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn container(file: &str) -> String {
    fs::read_to_string(deploy().join("container").join(file)).unwrap()
}

fn setup(arguments: &[&str]) -> Output {
    Command::new(deploy().join("container/setup")).args(arguments).output().unwrap()
}

/// What `keyfoldd config` tells with these arguments and nothing of the test's own environment.
fn settings(arguments: &[&str]) -> Value {
    let ran =
        Command::new(program("keyfoldd")).args(["config", "--json"]).args(arguments).env_clear().output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}
