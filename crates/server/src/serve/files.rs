//! The database's files hold the server's keys: nobody but the user that runs the server may read them.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::tls::private_directory;

/// Makes the data directory. One that others may enter stays as its owner made it, and is told of.
pub(super) fn data_directory(path: &Path) -> io::Result<()> {
    private_directory(path)?;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & OTHERS != 0 {
        let path = path.display();
        tracing::warn!("others on this machine may enter {path}, which holds the server's keys: chmod 700 {path}");
    }
    Ok(())
}

/// Makes an empty SQLite database that only this user may read, or takes the others' rights from one that is there.
/// SQLite gives its log and index files the same mode.
pub(super) fn private_database(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(OWNER).open(file) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_os_string();
        name.push(suffix);
        match tighten(&PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn tighten(file: &Path) -> io::Result<()> {
    let mode = fs::metadata(file)?.permissions().mode();
    if mode & OTHERS == 0 { Ok(()) } else { fs::set_permissions(file, Permissions::from_mode(mode & !OTHERS)) }
}

const OWNER: u32 = 0o600;
const OTHERS: u32 = 0o077;
