use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DeviceKey, Span};

#[derive(Debug, Subcommand)]
pub(crate) enum RecoveryCommand {
    /// Make a recovery code: it lets a new device in where all others are gone
    ///
    /// Write it down and keep it away from your devices: whoever holds it can, after the delay, read all your passkeys, unless
    /// one of your devices stops that. It is shown once; nothing of it is kept.
    Create(CreateRecovery),
    /// Show whether there is a recovery code, and whether somebody is using it
    Status,
    /// Let this machine into the account with its recovery code. Run it again once the delay has passed
    Use(UseRecovery),
    /// Stop a recovery that is under way, such as one that you did not begin
    Cancel,
    /// Remove the recovery code: it brings nothing back any more
    Remove,
}

#[derive(Debug, Args)]
pub(crate) struct CreateRecovery {
    /// In place of the code that is there
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) new: NewCode,
}

/// A code that is about to be made, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct NewCode {
    /// How long a recovery with it waits, so that your devices can stop it: 0s to 30d
    #[arg(long, value_name = "TIME", default_value = "3d")]
    pub(crate) delay: Span,
    /// Write the new code into this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(crate) new_code_file: Option<PathBuf>,
    /// Write a page to print, with the new code and its QR code, into this .svg file, which must not exist yet
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) page: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UseRecovery {
    /// The server, such as https://localhost:8443 [default: the one where it was begun]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Read the recovery code from a file with its text or its QR code as PNG, or from standard input (-)
    #[arg(long, value_name = "FILE")]
    pub(crate) code_file: Option<PathBuf>,
    /// What to call this device [default: the machine's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How the device's key signs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device_key: DeviceKey,
    /// Keep this device of the account (its id, or enough of its beginning); with --yes all that are not named are removed
    #[arg(long, value_name = "DEVICE")]
    pub(crate) keep: Vec<String>,
    #[command(flatten)]
    pub(crate) new: NewCode,
}
