use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum EpochCommand {
    /// Begin a new epoch: a fresh key for every member, under which all passkeys are encrypted anew
    ///
    /// Removing a device does this by itself. After an interruption the next sync goes on.
    Rotate,
}
