//! Passphrases and PINs: a file's first line, or typed. Every buffer that held one is overwritten.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use age::secrecy::SecretString;
use zeroize::Zeroizing;

/// The first line of a file that somebody names.
pub(super) fn first_line(path: &Path) -> io::Result<SecretString> {
    // What is longer would be moved while it is read, and left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    super::input::read_into(path, &mut bytes)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Ok(SecretString::from(std::str::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?))
}

/// What somebody types, unseen; `None` if there is no terminal.
pub(super) fn typed(prompt: &str) -> io::Result<Option<SecretString>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let typed = Zeroizing::new(rpassword::prompt_password(prompt)?);
    Ok(Some(SecretString::from(typed.as_str())))
}

const ROOM: usize = 4_096;
