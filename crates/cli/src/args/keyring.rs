use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyringCommand {
    /// Have the keyring open this device from now on. Asks for the passphrase
    ///
    /// A new random key goes into your default keyring, and the device's secrets are sealed under it as well as under the
    /// passphrase. If the keyring is locked, its own dialog asks you to unlock it.
    Enable,
    /// Leave the passphrase as the only way in. Asks for it, so that you do not lock yourself out
    ///
    /// The key is removed from the keyring, and what it opened from this profile.
    Disable,
    /// Show whether the keyring opens this device
    Status,
}
