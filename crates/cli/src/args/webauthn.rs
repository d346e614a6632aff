use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WebauthnCommand {
    /// Make a passkey: PublicKeyCredentialCreationOptionsJSON in, RegistrationResponseJSON out
    Create(Ceremony),
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
pub(crate) struct SignIn {
    #[command(flatten)]
    pub(crate) ceremony: Ceremony,
    /// The user name to sign in with, where there are several at this site
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
}
