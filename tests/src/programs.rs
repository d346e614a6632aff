use std::{env, path::PathBuf};

/// One of our programs as the build made it, beside this test.
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join(name);
    assert!(built.exists(), "{} is not built: run tests/run, or cargo build --workspace", built.display());
    built
}

/// The Python of the tests' virtual environment.
pub(crate) fn python() -> PathBuf {
    let python = env::var_os("KEYFOLD_PYTHON")
        .map_or_else(|| program("keyfold").parent().unwrap().join("../venv/bin/python"), PathBuf::from);
    assert!(python.exists(), "{} is missing: run tests/run, which makes it", python.display());
    python
}
