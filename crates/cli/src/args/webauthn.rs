use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WebauthnCommand {
    /// Make a passkey: PublicKeyCredentialCreationOptionsJSON in, RegistrationResponseJSON out
    Create(Ceremony),
    /// Sign in: PublicKeyCredentialRequestOptionsJSON in, AuthenticationResponseJSON out
    Get(Ceremony),
}

#[derive(Debug, Args)]
pub(crate) struct Ceremony {
    /// The page that asks, such as https://login.example.org
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: String,
}
