use clap::Subcommand;
use keyfold_client::evidence::TenantId;

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Join an organisation that vouches for its members' devices, with an invite of its administrator
    ///
    /// From then on it learns your devices' names, how they are kept, how often the vault was exported or recovered, and how many
    /// passkeys there are; not at which sites, unless such a site asks it. It cannot read the vault. All your devices see that you joined.
    Join {
        /// The invite, 26 letters and digits
        #[arg(value_name = "CODE")]
        code: String,
        /// The organisation's name, as a confirmation that nobody need type
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// List the organisations that the account has joined, and how this device stands there
    List,
    /// Tell the organisations at once how this device is kept, and take what they give
    Report,
    /// Leave an organisation: it vouches for none of your devices any more
    Leave {
        /// Its id
        #[arg(value_name = "ID")]
        tenant: TenantId,
        /// The organisation's name, as a confirmation that nobody need type
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
    /// Show what this device would say of how it is kept; nothing is sent
    Posture,
}
