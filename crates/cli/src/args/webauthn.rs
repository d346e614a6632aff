use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WebauthnCommand {
    /// Make a passkey: PublicKeyCredentialCreationOptionsJSON in, RegistrationResponseJSON out
    Create(Create),
    /// Sign in: PublicKeyCredentialRequestOptionsJSON in, AuthenticationResponseJSON out
    Get(SignIn),
}

#[derive(Debug, Args)]
pub(crate) struct Ceremony {
    /// The page that asks, such as https://login.example.org
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: String,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    pub(crate) ceremony: Ceremony,
    /// Keep the passkey on this device only: its key never leaves it, and is lost with it. Your other devices list it
    #[arg(long)]
    pub(crate) device_bound: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignIn {
    #[command(flatten)]
    pub(crate) ceremony: Ceremony,
    /// The user name to sign in with, where there are several at this site
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}
