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
    /// Delete passkeys on all devices; for 30 days they can be restored
    Delete {
        /// The passkeys' ids, or enough of their beginnings
        #[arg(required = true, value_name = "PASSKEY")]
        passkeys: Vec<String>,
        /// Delete even if more than half of the vault would be gone within a day, which --yes alone does not agree to
        #[arg(long)]
        most_of_the_vault: bool,
    },
    /// Show what a passkey said before: the last ten changes that this device has seen
    History {
        /// The passkey's id, or enough of its beginning
        passkey: String,
    },
    /// Bring a passkey back: one that is deleted, one that its site has hidden, or as it was before
    Restore {
        /// The passkey's id, or enough of its beginning
        passkey: String,
        /// As it was at this revision [default: as it is, only neither deleted nor hidden]
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
    },
}
