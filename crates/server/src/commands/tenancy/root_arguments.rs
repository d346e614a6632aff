use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

/// What opens a root's file.
#[derive(Debug, Args)]
pub(in crate::commands) struct RootPassphrase {
    /// The file whose first line is the passphrase of the root's file [default: asked for]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "pkcs11")]
    pub(super) root_passphrase_file: Option<PathBuf>,
}

/// A token, and what opens it.
#[derive(Debug, Args)]
pub(in crate::commands) struct InToken {
    /// The root is in a token (a smart card, an HSM): the PKCS#11 library of its maker
    #[arg(long, alias = "root-pkcs11", value_name = "MODULE", value_hint = ValueHint::FilePath, required = false,
        requires = "token")]
    pub(super) pkcs11: PathBuf,
    /// The token's label
    #[arg(long, value_name = "LABEL", required = false, requires = "pkcs11")]
    pub(super) token: String,
    /// The file whose first line is the token's user PIN [default: asked for]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "pkcs11")]
    pub(super) pin_file: Option<PathBuf>,
}

/// Where a root is that signs.
#[derive(Debug, Args)]
pub(in crate::commands) struct RootPlace {
    /// The root's file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "pkcs11",
        conflicts_with = "pkcs11")]
    root: Option<PathBuf>,
    #[command(flatten)]
    passphrase: RootPassphrase,
    #[command(flatten)]
    in_token: Option<InToken>,
}

/// A root's place: one of the two.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    File(&'a Path, &'a RootPassphrase),
    Token(&'a InToken),
}

impl RootPlace {
    pub(super) fn place(&self) -> Option<Place<'_>> {
        Place::of(self.root.as_deref(), &self.passphrase, self.in_token.as_ref())
    }
}

impl<'a> Place<'a> {
    /// Of what the command line says; it lets nobody name both.
    pub(super) fn of(
        file: Option<&'a Path>,
        passphrase: &'a RootPassphrase,
        in_token: Option<&'a InToken>,
    ) -> Option<Self> {
        in_token.map(Place::Token).or(file.map(|file| Place::File(file, passphrase)))
    }
}
