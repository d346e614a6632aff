use std::path::PathBuf;

use clap::Args;

/// Where the passphrase comes from when no person types it: never an argument, never the environment.
#[derive(Debug, Args)]
pub(crate) struct PassphraseSource {
    /// Read the profile's passphrase from the first line of this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the profile's passphrase from the first line of this file descriptor
    #[arg(long, global = true, value_name = "N", conflicts_with = "passphrase_file")]
    pub(crate) passphrase_fd: Option<u32>,
}

impl PassphraseSource {
    pub(crate) const fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_fd.is_some()
    }
}

/// Where the passphrase of an exported file comes from when no person types it.
#[derive(Debug, Args)]
pub(crate) struct FilePassphrase {
    /// Read the file's passphrase from the first line of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) file_passphrase_file: Option<PathBuf>,
    /// Read the file's passphrase from the first line of this file descriptor
    #[arg(long, value_name = "N", conflicts_with = "file_passphrase_file")]
    pub(crate) file_passphrase_fd: Option<u32>,
}

/// Of a command that makes a device.
#[derive(Debug, Args)]
pub(crate) struct KeyringChoice {
    /// Have the desktop's keyring open this device as well, so that no passphrase is asked for while it is unlocked: see
    /// `keyfold keyring --help`
    #[arg(long)]
    pub(crate) keyring: bool,
}
