use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use crate::agent::Presence;

#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    /// Serve programs of this user at this unix socket [default: `keyfold/PROFILE.sock` in your runtime folder]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Serve CTAPHID over UDP as well, on loopback; every program on this machine reaches it, of every user
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8111")]
    pub(crate) udp: Option<SocketAddr>,
    /// Be a security key of the kernel's (/dev/uhid) as well, for Firefox, ssh and PAM
    #[arg(long)]
    pub(crate) uhid: bool,
    /// Let the system find out that it is you: by a fingerprint (fprintd), or by your password (polkit); PIN and passphrase are taken too
    #[arg(long, conflicts_with = "test_mode")]
    pub(crate) verify_by_system: bool,
    /// Leave syncing to another program
    #[arg(long)]
    pub(crate) no_sync: bool,
    /// Ask nobody. For tests alone: whoever reaches the agent may use every passkey
    #[arg(long)]
    pub(crate) test_mode: bool,
    /// What happens in test mode instead of asking
    #[arg(long, value_name = "HOW", requires = "test_mode", default_value = "auto")]
    pub(crate) presence: Presence,
    /// In test mode, keep passkeys in memory, until the agent ends, and use no profile
    #[arg(long, requires = "test_mode")]
    pub(crate) memory: bool,
    /// In test mode with --memory, what time it always is, in Unix milliseconds
    #[arg(long, requires = "memory", value_name = "MS")]
    pub(crate) clock: Option<u64>,
}
