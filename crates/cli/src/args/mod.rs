//! The command line, as clap reads it.

mod account;
mod agent;
mod browser;
mod device;
mod duration;
mod epoch;
mod exchange;
mod foreign;
mod keyring;
mod passkey;
mod pin;
mod recovery;
mod secrets;
mod tenant;
mod webauthn;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use account::{AccountCommand, CreateAccount};
pub(crate) use agent::AgentArgs;
pub(crate) use browser::{Browser, BrowserCommand, Browsers};
pub(crate) use device::{ApproveDevice, Codes, DeviceCommand, EnrollDevice};
pub(crate) use duration::{Span, SpanOrNever, written};
pub(crate) use epoch::EpochCommand;
pub(crate) use exchange::{Export, Import};
pub(crate) use foreign::ForeignCommand;
pub(crate) use keyring::KeyringCommand;
pub(crate) use passkey::PasskeyCommand;
pub(crate) use pin::PinCommand;
pub(crate) use recovery::{CreateRecovery, NewCode, RecoveryCommand, UseRecovery};
pub(crate) use secrets::{FilePassphrase, KeyringChoice, PassphraseSource};
pub(crate) use tenant::TenantCommand;
pub(crate) use webauthn::{Ceremony, Create, SignIn, WebauthnCommand};

use crate::exit;

const OFFER: &str = "\
A backup does not have what came after it. Your devices have: each gives the server the part of the account's history that \
it holds and the server lacks, signed as it was when it was made. Until one device ends the wait, the server takes nothing \
new; passkeys work all the time. Run it on every device, then once with --end.";

/// Your passkeys on all your devices, end-to-end encrypted, on your own server.
#[derive(Debug, Parser)]
#[command(name = "keyfold", version, propagate_version = true, after_help = exit::HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Which device on this machine: each profile is a device of its own
    #[arg(long, global = true, default_value = "default", value_name = "NAME")]
    pub(crate) profile: ProfileName,
    /// Where profiles are kept [default: the data folder of your user, in `keyfold`]
    #[arg(long, global = true, env = "KEYFOLD_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseSource,
    /// Trust only the CA certificates in this PEM file (kept in the profile when it is made)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Answer yes to every question whether to go on, for whoever gave the passphrase: a ceremony then reports that the user
    /// was there and verified
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create or delete an account
    #[command(subcommand)]
    Account(AccountCommand),
    /// Enrol, approve, list, rename and remove devices
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Change the key that all passkeys are encrypted under
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Exchange changes with the server
    Sync {
        /// Stay, and sync whenever something changes
        #[arg(long)]
        watch: bool,
        /// Check again after sync was stopped because the server's history did not fit
        #[arg(long)]
        resume: bool,
    },
    /// Give a server that was restored from a backup what it lost
    #[command(after_help = OFFER)]
    Offer {
        /// Then end the wait for other devices' offers, so that the account takes changes again
        #[arg(long)]
        end: bool,
    },
    /// Show how this device stands
    Status,
    /// Show digits to compare with another device: equal digits prove an equal history
    SafetyNumber {
        /// At this roster entry [default: the latest]
        #[arg(long, requires = "vault_seq", value_name = "N")]
        roster_seq: Option<u64>,
        /// At this commit [default: the latest]
        #[arg(long, requires = "roster_seq", value_name = "M")]
        vault_seq: Option<u64>,
    },
    /// Write the proof that the server has signed two histories, if this device was shown them
    ForkProof {
        /// Where to
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Check a proof that a server has signed two histories, and say what it means
    ///
    /// It needs no account and asks no server: whoever knows the server's log key can check it.
    VerifyProof {
        /// The proof, as `keyfold fork-proof` wrote it
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The server's log key, in base32 [default: the one that this profile's account has pinned]
        #[arg(long, value_name = "KEY")]
        log_key: Option<String>,
    },
    /// List, show, rename, delete and restore passkeys
    #[command(subcommand)]
    Passkey(PasskeyCommand),
    /// Make a passkey, or sign in with one, for any relying party
    #[command(subcommand)]
    Webauthn(WebauthnCommand),
    /// Serve this device's passkeys to other programs of this machine, as a security key would
    ///
    /// It runs until it is stopped, and asks at this terminal before a passkey is made or used. While it runs it syncs.
    Agent(AgentArgs),
    /// Have browsers use this device's passkeys, through the extension and the agent
    #[command(subcommand)]
    Browser(BrowserCommand),
    /// Set this device's PIN, which proves who is there beside the passphrase
    #[command(subcommand)]
    Pin(PinCommand),
    /// Have the desktop's keyring open this device, beside the passphrase
    ///
    /// While your keyring (GNOME Keyring, KWallet or another Secret Service) is unlocked, no passphrase is asked for. The
    /// passphrase still opens the device, and is asked for where the keyring does not: it is locked, gone, or holds another
    /// key. Because an unlocked keyring does not tell who is there, the passphrase is asked for all the same where a relying
    /// party requires user verification, and before a device is let in or the account deleted. --passphrase-file and
    /// --passphrase-fd leave the keyring alone.
    ///
    /// Every program that runs as you can read an unlocked keyring, and a keyring without a password of its own guards nothing on
    /// a stolen disk. Where you fear either, stay with the passphrase.
    #[command(subcommand)]
    Keyring(KeyringCommand),
    /// Make, use and stop recovery codes, for when every device is gone
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// Join, leave and list organisations that vouch for this device to the sites where you sign in
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Lock this device: nothing but the passphrase opens it until somebody has typed that
    ///
    /// Without a keyring the passphrase is asked for anyway. A running `keyfold sync --watch` ends within half a minute.
    Lock {
        /// Lock by itself after this time without use, such as 30m or 8h, or never; locks nothing now
        #[arg(long, value_name = "TIME")]
        after: Option<SpanOrNever>,
    },
    /// Unlock this device with its passphrase, as every command does that asks for it
    Unlock,
    /// Forget everything in this profile, here alone: keys, passkeys, what was never sent
    ///
    /// It asks no server: the account goes on without this device, and counts it in until another removes it.
    Wipe,
    /// Write all passkeys into a file that other programs can import, encrypted under a passphrase of its own
    ///
    /// The file is in the Credential Exchange Format 1.0 (CXF), within an age file (`age --decrypt` opens it too). Everything that is
    /// not deleted is in it, also what an import brought that Keyfold does not use. Whoever opens it signs in as you: delete it
    /// when it has done its work. Each export is recorded, signed by this device, before the file is written.
    Export(Export),
    /// List the exports that the account's devices have recorded
    Exports,
    /// Add the passkeys of another program's file, or of an export of Keyfold's
    ///
    /// It reads the Credential Exchange Format 1 (CXF): a whole file or one account of it, encrypted to a passphrase (age) or not.
    /// What is no passkey is kept as it is and given back by the next export. Twice is as good as once.
    Import(Import),
    /// What an import brought that is no passkey, kept for the next export
    #[command(subcommand)]
    Foreign(ForeignCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// A profile's name is a folder's name too.
#[derive(Debug, Clone)]
pub(crate) struct ProfileName(pub(crate) String);

impl std::str::FromStr for ProfileName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if plain && !text.starts_with('.') && (1..=32).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a profile's name has 1 to 32 letters, digits, '-', '_' or '.', and does not begin with '.'")
        }
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a new device's key signs.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum DeviceKey {
    /// The default
    #[default]
    Ed25519,
    /// ECDSA P-256, which TPMs and platform keystores hold
    Es256,
}
