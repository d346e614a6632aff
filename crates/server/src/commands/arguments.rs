use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::tenancy::{Ca, ClientCommand, ComplianceCommand, Init, MemberCommand, RpIdCommand, TenantCommand};
use crate::config::Flags;

/// The Keyfold server: it stores and syncs end-to-end encrypted passkey vaults and cannot read them.
#[derive(Debug, Parser)]
#[command(name = "keyfoldd", version, after_long_help = TEACH)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// TOML file with settings; `keyfoldd config` shows their names
    #[arg(long, global = true, env = "KEYFOLD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the server keeps its database and local CA [default: .keyfold]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address and port for TLS [default: 127.0.0.1:8443]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Address and port for plain HTTP from a proxy on this machine
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    plain_listen: Option<SocketAddr>,
    /// Where /metrics is served for Prometheus, without TLS
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// The URL that devices use [default: https://localhost and the port]
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// `sqlite:PATH` or `postgres://…`; a URL with a password belongs in the file or the environment
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// `redis://…` or `rediss://…`, shared by several servers; a URL with a password belongs in the file or the environment
    #[arg(long, global = true, value_name = "URL")]
    redis: Option<String>,
    /// Who may create an account [default: open on loopback without a proxy, else invite]
    #[arg(long, global = true, value_enum)]
    sign_up: Option<SignUpFlag>,
    /// How log lines look
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormatFlag>,
    /// error, warn, info, debug, trace, or a filter like `info,keyfold_server=debug`
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    json: bool,
}

/// For whom results and failures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SignUpFlag {
    Open,
    Invite,
    Closed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormatFlag {
    Human,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve until SIGTERM or Ctrl-C (what happens without a command)
    Serve(Serve),
    /// Bring the database's schema up to date, and nothing else
    Migrate,
    /// Print the effective settings and where each comes from; passwords are hidden
    Config,
    /// Make or list invites for new accounts
    #[command(subcommand)]
    Invite(Invite),
    /// Make a tenant: an organisation that vouches for its members' devices
    Init(Init),
    /// List tenants
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Certify what a tenant signs: its root, and the server's keys under it
    #[command(subcommand)]
    Ca(Ca),
    /// Let relying parties and other programs ask a tenant
    #[command(subcommand)]
    Client(ClientCommand),
    /// List domains where a tenant's devices give evidence
    #[command(subcommand)]
    RpId(RpIdCommand),
    /// Invite and list a tenant's members
    #[command(subcommand)]
    Member(MemberCommand),
    /// Say what a tenant requires of devices, and see where they stand
    #[command(subcommand)]
    Compliance(ComplianceCommand),
    /// Write everything to a file, while the server runs
    Backup(Backup),
    /// Put a backup into the database; devices then offer what it did not have
    Restore(Restore),
    /// Ask the server that runs with these settings, on its metrics or plain listener, whether it is alive
    Health(Health),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Write a JSON object with addresses, URL and CA to FILE once the server serves
    #[arg(long, value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = BACKUP)]
pub(super) struct Backup {
    /// A new file; only this user may read it
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = RESTORE)]
pub(super) struct Restore {
    /// What `keyfoldd backup` wrote
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) file: PathBuf,
    /// Replace everything that is in the database, and the local CA; deleted accounts stay deleted, and used invites used
    #[arg(long)]
    pub(super) replace: bool,
    /// With --replace: bring back accounts that were deleted since the backup as well, and invites that were used
    #[arg(long, requires = "replace")]
    pub(super) undo_deletions: bool,
}

#[derive(Debug, Args)]
pub(super) struct Health {
    /// Ask whether its database answers too, and it is not stopping
    #[arg(long)]
    pub(super) ready: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Invite {
    /// Make an invite for one account; it is shown this once
    Create {
        /// How long it is good, in days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// List invites; each is named by the beginning of its hash, and as JSON is an object on a line of its own
    List,
}

impl Arguments {
    /// For whom results and failures are printed.
    #[must_use]
    pub const fn form(&self) -> Form {
        if self.common.json { Form::Json } else { Form::Text }
    }
}

impl Common {
    pub(super) fn flags(&self) -> Flags {
        let settings = [
            ("data_dir", self.data_dir.as_ref().map(|path| path.display().to_string())),
            ("listen", self.listen.map(|address| address.to_string())),
            ("plain_listen", self.plain_listen.map(|address| address.to_string())),
            ("metrics_listen", self.metrics_listen.map(|address| address.to_string())),
            ("public_url", self.public_url.clone()),
            ("database", self.database.clone()),
            ("redis", self.redis.clone()),
            ("sign_up", self.sign_up.map(|sign_up| name(&sign_up))),
            ("log.format", self.log_format.map(|format| name(&format))),
            ("log.level", self.log_level.clone()),
        ];
        let said = settings.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Flags { config: self.config.clone(), settings: said.collect::<BTreeMap<_, _>>() }
    }
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

const BACKUP: &str = "\
The file is a SQLite database with everything as of one moment, whichever database the server uses, and the local CA. It \
holds the server's keys. It has its name only once it is whole, so a job that ends early leaves no backup rather than half of \
one.";

const RESTORE: &str = "\
Stop every keyfoldd first. The database is made if it is not there, and may be another kind than the one that was backed up. \
All of it is restored, or nothing. Every account is then behind: it gives what it has and takes nothing new until its devices \
have offered what they have seen since (`keyfold offer`). Sessions are opened anew; enrolments that were under way have ended; \
an account that was made after the backup comes back when the device that made it runs `keyfold offer`; one that was deleted \
after the backup is there again, unless --replace finds the deletion in the database.";

const TEACH: &str = "\
Settings come from defaults, then the file, then the environment, then flags. In the environment a setting is written \
KEYFOLD_ and its name, with two underscores for a dot: KEYFOLD_SIGN_UP=invite, KEYFOLD_LIMITS__DEVICES=10.

Try it on this machine:
  keyfoldd                                    serves https://localhost:8443, data in ./.keyfold
  curl --cacert .keyfold/ca.pem https://localhost:8443/healthz

Serve others:
  keyfoldd --listen 0.0.0.0:8443 --public-url https://keys.example
  keyfoldd invite create                      an invite for the first account

Keep what you serve:
  keyfoldd backup /safe/keyfold-$(date +%F).db

Exit status: 0 after a clean stop, 1 if it failed, 2 for a wrong command line.";
