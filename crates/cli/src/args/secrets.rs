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
