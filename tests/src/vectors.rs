use std::{env, fs, path::PathBuf};

/// A file of test data that others made and that is not part of this project: from `$KEYFOLD_VECTORS`, or from
/// `../shared/vectors` beside it. Where there is none, the test says so and goes without; in CI it must be there.
pub fn vectors(path: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors"));
    let file = env::var_os("KEYFOLD_VECTORS").map_or_else(beside, PathBuf::from).join(path);
    match fs::read(&file) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let absent = format!("{} cannot be read ({error}): set KEYFOLD_VECTORS", file.display());
            assert!(env::var_os("CI").is_none(), "{absent}");
            eprintln!("\n*** NOT TESTED: {absent} ***\n");
            None
        }
    }
}
