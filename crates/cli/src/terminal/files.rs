use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{exit::Exit, failure::Failure};

/// The first line of a file, without its end.
pub(crate) fn read_line_of_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    first_line(file).map_err(|error| Failure::file(path, &error))
}

/// The first line of a file descriptor that the caller passed on.
pub(crate) fn read_line_of_fd(fd: u32) -> Result<Zeroizing<String>, Failure> {
    read_line_of_file(&path_of_fd(fd))
}

/// Where the system shows an open file descriptor.
pub(crate) fn path_of_fd(fd: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{fd}"))
}

/// A whole file of bounded size.
pub(crate) fn read_small_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error: std::io::Error| Failure::file(path, &error);
    read_bounded(File::open(path).map_err(failure)?, path)
}

/// All of a reader; `name` is what a person calls it.
pub(crate) fn read_bounded(reader: impl Read, name: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    reader.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| Failure::file(name, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_FILE) {
        Ok(bytes)
    } else {
        Err(Failure::new(Exit::Malformed, format!("{}: larger than {MAX_FILE} bytes", name.display())))
    }
}

/// Replaces a file at once: a reader sees all of it or nothing. A pipe or device is written to as it is.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        File::options().write(true).open(path).and_then(|mut pipe| pipe.write_all(bytes))
    } else {
        replace(path, bytes)
    };
    written.map_err(|error| Failure::file(path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

fn first_line(file: File) -> std::io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(file.take(MAX_LINE)).read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// Options, certificates and QR codes: far more than any needs.
const MAX_FILE: u64 = 4 * 1024 * 1024;
const MAX_LINE: u64 = 4 * 1024;
