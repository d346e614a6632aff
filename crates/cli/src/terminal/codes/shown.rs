use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    exit::Exit,
    failure::Failure,
    terminal::files::{create_new, is_stream, on_a_thread},
};

/// Where this device's codes go, a line each, beside what a person reads.
pub(super) enum Shown {
    Nowhere,
    /// A pipe that nobody may be reading yet, or a file that is not there yet.
    Unopened(PathBuf),
    Open(PathBuf, File),
}

impl Shown {
    /// A file that is there holds codes that were shown before: it is refused, and left as it is.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Nowhere) };
        if std::fs::symlink_metadata(path).is_ok() && !is_stream(path) {
            let detail = format!("{}: is there already; name a file that is not there yet", path.display());
            return Err(Failure::new(Exit::Usage, detail));
        }
        Ok(Self::Unopened(path.to_owned()))
    }

    /// Returns once the line is written; into a pipe, once somebody reads it.
    pub(super) async fn write(&mut self, code: &str) -> Result<(), Failure> {
        let (path, file) = match std::mem::replace(self, Self::Nowhere) {
            Self::Nowhere => return Ok(()),
            Self::Unopened(path) => (path, None),
            Self::Open(path, file) => (path, Some(file)),
        };
        let line = format!("{code}\n");
        let written =
            on_a_thread(move || match file.map_or_else(|| open(&path), Ok).and_then(|file| append(file, &line)) {
                Ok(file) => Ok((path, file)),
                Err(error) => Err(Failure::file(&path, &error)),
            });
        let (path, file) = written.await?;
        *self = Self::Open(path, file);
        Ok(())
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if is_stream(path) { File::options().write(true).open(path) } else { create_new(path) }
}

fn append(mut file: File, line: &str) -> std::io::Result<File> {
    file.write_all(line.as_bytes())?;
    Ok(file)
}
