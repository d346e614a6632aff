use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DeviceKey, KeyringChoice};

#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Make this profile a device of an account that is there: run `device approve` on one of its devices. After an
    /// interruption, run it again to go on
    Enroll(EnrollDevice),
    /// Let a new device into the account: run `device enroll` on it
    Approve(ApproveDevice),
    /// List the account's devices
    List {
        /// Show the check code of each as well: to be typed on a device whose enrolment was interrupted
        #[arg(long)]
        check_codes: bool,
    },
    /// Remove devices from the account, such as one that was lost or sold
    ///
    /// From then on they can read nothing new, are refused by the server, and wipe their vaults when they hear of it. All
    /// passkeys are encrypted anew under a key that they do not get. What a removed device has copied before stays
    /// valid at the relying parties: the passkeys to be replaced there are listed.
    Remove {
        /// The devices' ids, or enough of their beginnings
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
    },
    /// Give a device another name
    Rename {
        /// The device's id, or enough of its beginning
        device: String,
        /// Its new name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EnrollDevice {
    /// The server, such as https://localhost:8443
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// What to call this device [default: the machine's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How the device's key signs
    #[arg(long, value_enum, default_value_t)]
    pub(crate) device_key: DeviceKey,
    #[command(flatten)]
    pub(crate) keyring: KeyringChoice,
    /// Write the QR code into this file as well: .txt (its text), .png or .svg
    #[arg(long, value_name = "FILE")]
    pub(crate) qr_file: Option<PathBuf>,
    /// Show no QR code: enrol by typed codes only
    #[arg(long, conflicts_with = "qr_file")]
    pub(crate) typed: bool,
    /// Forget an enrolment that was begun in this profile and not finished, and begin another
    #[arg(long)]
    pub(crate) anew: bool,
    #[command(flatten)]
    pub(crate) codes: Codes,
}

#[derive(Debug, Args)]
pub(crate) struct ApproveDevice {
    /// Read the new device's QR code from a text or PNG file, or from standard input (-)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["code_file", "code_fd", "show_code_file"])]
    pub(crate) qr: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) codes: Codes,
}

/// Codes without a person: each code is a line, read as soon as it is there.
#[derive(Debug, Args)]
pub(crate) struct Codes {
    /// Write the codes that this device shows into this file, one a line. It must not exist yet, for old codes would be
    /// taken for new ones; a pipe may
    #[arg(long, value_name = "FILE")]
    pub(crate) show_code_file: Option<PathBuf>,
    /// Read the codes that the other device shows from this file, one a line, as they come. With `enroll` it must not
    /// exist when an enrolment begins, for the other device shows none before; a pipe may
    #[arg(long, value_name = "FILE")]
    pub(crate) code_file: Option<PathBuf>,
    /// Read the codes that the other device shows from this file descriptor, one a line
    #[arg(long, value_name = "N", conflicts_with = "code_file")]
    pub(crate) code_fd: Option<u32>,
}
