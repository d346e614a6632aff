//! Where passphrases come from: a file, a file descriptor, or a person.

use std::path::Path;

use keyfold_client::device::Passphrase;
use zeroize::Zeroizing;

use super::{read_line_of_fd, read_line_of_file};
use crate::{
    args::{FilePassphrase, PassphraseSource},
    exit::Exit,
    failure::Failure,
};

/// The passphrase that opens a profile.
pub(crate) fn typed(source: &PassphraseSource) -> Result<Passphrase, Failure> {
    asked(given(source.passphrase_file.as_deref(), source.passphrase_fd)?, "Passphrase: ", PROFILE)
}

/// The passphrase that opens an exported file.
pub(crate) fn typed_for_file(source: &FilePassphrase) -> Result<Passphrase, Failure> {
    let given = given(source.file_passphrase_file.as_deref(), source.file_passphrase_fd)?;
    asked(given, "The file's passphrase: ", FILE)
}

/// A new profile's passphrase; a person types it twice.
pub(crate) fn chosen(source: &PassphraseSource) -> Result<Passphrase, Failure> {
    let given = given(source.passphrase_file.as_deref(), source.passphrase_fd)?;
    twice(given, "Choose a passphrase for this device: ", PROFILE)
}

/// A new file's passphrase; a person types it twice.
pub(crate) fn chosen_for_file(source: &FilePassphrase) -> Result<Passphrase, Failure> {
    let given = given(source.file_passphrase_file.as_deref(), source.file_passphrase_fd)?;
    twice(given, "Choose a passphrase for the file: ", FILE)
}

fn asked(given: Option<Zeroizing<String>>, question: &str, option: &str) -> Result<Passphrase, Failure> {
    Ok(Passphrase::typed(match given {
        Some(text) => text,
        None => prompt(question, option)?,
    }))
}

fn twice(given: Option<Zeroizing<String>>, question: &str, option: &str) -> Result<Passphrase, Failure> {
    if let Some(text) = given {
        return Ok(Passphrase::chosen(text)?);
    }
    let first = prompt(question, option)?;
    let passphrase = Passphrase::chosen(first.clone())?;
    if prompt("The same again: ", option)? == first {
        Ok(passphrase)
    } else {
        Err(Failure::new(Exit::WrongPassphrase, "the two passphrases differ; nothing was changed"))
    }
}

fn given(file: Option<&Path>, fd: Option<u32>) -> Result<Option<Zeroizing<String>>, Failure> {
    match (file, fd) {
        (Some(path), _) => read_line_of_file(path).map(Some),
        (None, Some(fd)) => read_line_of_fd(fd).map(Some),
        (None, None) => Ok(None),
    }
}

/// A new PIN; a person types it twice.
pub(crate) fn chosen_pin() -> Result<Zeroizing<String>, Failure> {
    let first = prompt("Choose a PIN for this device: ", PIN)?;
    if prompt("The same again: ", PIN)? == first {
        Ok(first)
    } else {
        Err(Failure::new(Exit::NotAllowed, "the two PINs differ; nothing was changed"))
    }
}

/// `option` is what gives it where nobody can be asked.
fn prompt(prompt: &str, option: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
        Failure::new(Exit::Usage, format!("there is no terminal to ask for the passphrase; give {option}"))
    })
}

const PIN: &str = "it at a terminal";
const PROFILE: &str = "--passphrase-file FILE or --passphrase-fd N";
const FILE: &str = "--file-passphrase-file FILE or --file-passphrase-fd N";
