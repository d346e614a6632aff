use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DeviceKey, KeyringChoice};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Create an account on a server; this profile becomes its first device
    Create(CreateAccount),
    /// Delete the account, on the server and in this profile, for good
    Delete,
}

#[derive(Debug, Args)]
pub(crate) struct CreateAccount {
    /// The server, such as https://localhost:8443
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// What to call this device [default: the machine's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A file with the invitation, where the server wants one
    #[arg(long, value_name = "FILE")]
    pub(crate) invite_file: Option<PathBuf>,
    /// How the device's key signs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device_key: DeviceKey,
    #[command(flatten)]
    pub(crate) keyring: KeyringChoice,
}
