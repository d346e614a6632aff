use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PinCommand {
    /// Set this device's PIN, or another in its place; whoever knows the passphrase may
    ///
    /// A PIN proves who is there, for programs and in the browser's window, as the passphrase does. It is this device's alone, at
    /// least 4 characters long, and after 8 wrong ones in a row of no use until another is set.
    Set,
    /// Show whether a PIN is set, and how many attempts are left
    Status,
}
