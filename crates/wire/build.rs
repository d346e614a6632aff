//! Compiles `proto/` without a protoc binary.

use std::path::Path;

const FILES: [&str; 9] = ["keys", "roster", "vault", "item", "enrolment", "session", "device_api", "tenant", "local"];

/// Messages that hold secrets: `src/secret.rs` says what they print.
const SECRET: [&str; 10] = [
    "Passkey",
    "Imported",
    "Foreign",
    "Field",
    "Item",
    "DeviceSecrets",
    "SessionOpened",
    "CreateAccount",
    "EvidenceKeyRecord",
    "BoundKey",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = FILES.map(|name| root.join("keyfold/v1").join(name).with_extension("proto"));
    println!("cargo:rerun-if-changed={}", root.join("keyfold").display());
    let descriptors = protox::compile(files, [&root])?;
    let mut config = prost_build::Config::new();
    config.skip_debug(SECRET.map(|message| format!(".keyfold.v1.{message}")));
    config.compile_fds(descriptors)?;
    Ok(())
}
