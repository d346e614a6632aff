//! A root's file: PEM within age (age-encryption.org/v1), under a passphrase. `age --decrypt` opens it as well.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    iter,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use age::{Decryptor, Encryptor, scrypt, secrecy::SecretString};
use keyfold_assurance::authority::{Root, RootError};
use rcgen::KeyPair;
use zeroize::Zeroizing;

use super::{root_arguments::RootPassphrase, secret};

/// Why a root's file is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum RootFileError {
    /// The file is there, is not, or cannot be used.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Nobody is there who could type it.
    #[error(
        "the root's passphrase is asked for at a terminal: there is none, so name a file by --root-passphrase-file"
    )]
    NoTerminal,
    /// The passphrase is too short.
    #[error("a root's passphrase has at least {LEAST} characters")]
    Short,
    /// The passphrases differ.
    #[error("the two passphrases differ: nothing was written")]
    Differ,
    /// It does not open.
    #[error("{0} does not open: the passphrase is wrong, or it is no root's file")]
    Closed(PathBuf),
    /// What is in it is no root.
    #[error(transparent)]
    Root(#[from] RootError),
}

/// Writes a root into a new file that only this user may read, durably.
pub(super) fn write(
    path: &Path,
    root: &Root<KeyPair, KeyPair>,
    passphrase: &RootPassphrase,
) -> Result<(), RootFileError> {
    let failed = |error| RootFileError::File { path: path.to_owned(), error };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let passphrase = chosen(passphrase)?;
    let mut recipient = scrypt::Recipient::new(passphrase);
    recipient.set_work_factor(WORK);
    let encryptor =
        Encryptor::with_recipients(iter::once(&recipient as _)).map_err(|error| failed(io::Error::other(error)))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(failed)?;
    writer.write_all(root.to_pem().as_bytes()).and_then(|()| writer.finish()).map_err(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(&sealed).and_then(|()| file.sync_all()).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Reads a root.
pub(super) fn read(path: &Path, passphrase: &RootPassphrase) -> Result<Root<KeyPair, KeyPair>, RootFileError> {
    let sealed = super::input::read(path).map_err(|error| RootFileError::File { path: path.to_owned(), error })?;
    let closed = || RootFileError::Closed(path.to_owned());
    let decryptor = Decryptor::new_buffered(sealed.as_slice()).map_err(|_| closed())?;
    if !decryptor.is_scrypt() {
        return Err(closed());
    }
    let mut identity = scrypt::Identity::new(given(passphrase, "Passphrase of the root: ")?);
    identity.set_max_work_factor(MAX_WORK);
    let mut reader = decryptor.decrypt(iter::once(&identity as _)).map_err(|_| closed())?;
    let mut pem = Zeroizing::new(Vec::with_capacity(sealed.len()));
    reader.read_to_end(&mut pem).map_err(|_| closed())?;
    Ok(Root::from_pem(&pem)?)
}

/// A new one, typed twice.
fn chosen(passphrase: &RootPassphrase) -> Result<SecretString, RootFileError> {
    use age::secrecy::ExposeSecret;
    let first = given(passphrase, "New passphrase of the root: ")?;
    if first.expose_secret().chars().count() < LEAST {
        return Err(RootFileError::Short);
    }
    if passphrase.root_passphrase_file.is_none() {
        let again = given(passphrase, "The same again: ")?;
        if first.expose_secret() != again.expose_secret() {
            return Err(RootFileError::Differ);
        }
    }
    Ok(first)
}

fn given(passphrase: &RootPassphrase, prompt: &str) -> Result<SecretString, RootFileError> {
    let failed = |path: &Path, error| RootFileError::File { path: path.to_owned(), error };
    if let Some(path) = &passphrase.root_passphrase_file {
        return secret::first_line(path).map_err(|error| failed(path, error));
    }
    let typed = secret::typed(prompt).map_err(|error| failed(Path::new("the terminal"), error))?;
    typed.ok_or(RootFileError::NoTerminal)
}

const LEAST: usize = 12;
const WORK: u8 = 18;
/// 1 GiB of memory.
const MAX_WORK: u8 = 20;
