//! Where passphrases come from: a file, a file descriptor, or a person.

use keyfold_client::device::Passphrase;
use zeroize::Zeroizing;

use super::{read_line_of_fd, read_line_of_file};
use crate::{args::PassphraseSource, exit::Exit, failure::Failure};

/// The passphrase that opens a profile.
pub(crate) fn typed(source: &PassphraseSource) -> Result<Passphrase, Failure> {
    let text = match given(source)? {
        Some(text) => text,
        None => prompt("Passphrase: ")?,
    };
    Ok(Passphrase::typed(text))
}

/// A new profile's passphrase; a person types it twice.
pub(crate) fn chosen(source: &PassphraseSource) -> Result<Passphrase, Failure> {
    if let Some(text) = given(source)? {
        return Ok(Passphrase::chosen(text)?);
    }
    let first = prompt("Choose a passphrase for this device: ")?;
    let passphrase = Passphrase::chosen(first.clone())?;
    if prompt("The same again: ")? == first {
        Ok(passphrase)
    } else {
        Err(Failure::new(Exit::WrongPassphrase, "the two passphrases differ; nothing was changed"))
    }
}

fn given(source: &PassphraseSource) -> Result<Option<Zeroizing<String>>, Failure> {
    match (&source.passphrase_file, source.passphrase_fd) {
        (Some(path), _) => read_line_of_file(path).map(Some),
        (None, Some(fd)) => read_line_of_fd(fd).map(Some),
        (None, None) => Ok(None),
    }
}

fn prompt(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| {
        Failure::new(
            Exit::Usage,
            "there is no terminal to ask for the passphrase; give --passphrase-file FILE or --passphrase-fd N",
        )
    })
}
