use std::{fs, path::PathBuf};

/// The environment in which a program believes another time, such as `"+1h"`. Its timers go on as they do.
pub fn clock_off_by(offset: &str) -> [(String, String); 3] {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    [
        variable("LD_PRELOAD", libfaketime().to_str().unwrap()),
        variable("FAKETIME", offset),
        variable("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]
}

/// Where Debian's package `faketime` puts its library.
fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    folders
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime is missing: run tests/run, or apt-get install faketime")
}
