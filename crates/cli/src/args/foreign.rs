use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ForeignCommand {
    /// List them: what they are called and what kinds of credentials they hold
    List {
        /// Deleted ones as well
        #[arg(long)]
        deleted: bool,
    },
    /// Delete them on all devices; for 30 days they can be restored
    Delete {
        /// The items' ids, or enough of their beginnings
        #[arg(required = true, value_name = "ITEM")]
        items: Vec<String>,
    },
    /// Bring a deleted one back
    Restore {
        /// The item's id, or enough of its beginning
        item: String,
    },
}
