use std::path::PathBuf;

use clap::Args;

use super::FilePassphrase;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The new file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write it unencrypted: whoever reads the file has all your passkeys
    #[arg(long, conflicts_with_all = ["file_passphrase_file", "file_passphrase_fd"])]
    pub(crate) plaintext: bool,
    /// Only say what the file would hold and what would be left out
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Confirm by giving the file's name once more, as a person would type it; --yes does not
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    #[command(flatten)]
    pub(crate) passphrase: FilePassphrase,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Only say what would be added and what cannot be
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) passphrase: FilePassphrase,
}
