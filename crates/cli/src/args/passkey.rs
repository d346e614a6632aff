use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PasskeyCommand {
    /// List passkeys
    List {
        /// Deleted ones as well
        #[arg(long)]
        deleted: bool,
        /// Only those that a device may have copied before it was removed: replace them at their relying parties
        #[arg(long)]
        exposed: bool,
        /// Only those for this relying party
        #[arg(long, value_name = "RP_ID")]
        rp: Option<String>,
    },
    /// Show one passkey (never its private key)
    Show {
        /// The passkey's id, or enough of its beginning
        passkey: String,
    },
    /// Give a passkey a name of your own
    Rename {
        /// The passkey's id, or enough of its beginning
        passkey: String,
        /// Its new name; empty for none
        name: String,
    },
    /// Delete a passkey on all devices
    Delete {
        /// The passkey's id, or enough of its beginning
        passkey: String,
    },
}
