use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use keyfold_assurance::relying_parties::Scopes;
use keyfold_wire::{ClientId, MemberId, TenantId};

use super::root_arguments::{InToken, RootPassphrase, RootPlace};

/// Of which tenant.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::commands) struct OfTenant {
    /// Which tenant [default: the only one]
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<TenantId>,
}

#[derive(Debug, Args)]
#[command(after_help = INIT)]
pub(in crate::commands) struct Init {
    /// What the tenant is called: its members confirm that, and certificates say it
    #[arg(long)]
    pub(super) name: String,
    /// Where it is, in ISO 3166's two letters
    #[arg(long, default_value = "ZZ", value_name = "CC")]
    pub(super) country: String,
    /// Where the tenant's root is written, encrypted; keep the file where the server is not
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        required_unless_present_any = ["without_root", "pkcs11"], conflicts_with = "pkcs11")]
    pub(super) root: Option<PathBuf>,
    /// The root is elsewhere: `keyfoldd ca request` says what it is to certify
    #[arg(long, conflicts_with_all = ["root", "pkcs11"])]
    pub(super) without_root: bool,
    #[command(flatten)]
    pub(super) passphrase: RootPassphrase,
    #[command(flatten)]
    pub(super) in_token: Option<InToken>,
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum TenantCommand {
    /// List tenants; as JSON, an object on a line of its own each
    List,
}

#[derive(Debug, Subcommand)]
#[command(after_help = CA)]
pub(in crate::commands) enum Ca {
    /// Make a root, on a machine that the server is not: in one encrypted file (age), or in a token that never gives its keys out
    Root {
        /// A new file
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "pkcs11",
            conflicts_with = "pkcs11")]
        file: Option<PathBuf>,
        /// What the tenant is called, to the letter
        #[arg(long)]
        name: String,
        /// Where it is, in ISO 3166's two letters
        #[arg(long, default_value = "ZZ", value_name = "CC")]
        country: String,
        /// For how many years
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
        years: u32,
        #[command(flatten)]
        passphrase: RootPassphrase,
        #[command(flatten)]
        in_token: Option<InToken>,
    },
    /// Print what the root is to certify: the server's keys for leaves and metadata (PEM)
    Request {
        #[command(flatten)]
        of: OfTenant,
        /// Draw new keys; those that are there go on until the certificates are installed
        #[arg(long)]
        new_keys: bool,
    },
    /// Have a root certify a request; prints certificates (PEM)
    Sign {
        /// What `keyfoldd ca request` printed
        #[arg(value_name = "REQUEST", value_hint = ValueHint::FilePath)]
        request: PathBuf,
        /// For how many days
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=825))]
        days: u32,
        #[command(flatten)]
        root: RootPlace,
    },
    /// Give the server what the root has certified
    Install {
        /// What `keyfoldd ca sign` printed
        #[arg(value_name = "CERTIFICATES", value_hint = ValueHint::FilePath)]
        certificates: PathBuf,
        #[command(flatten)]
        of: OfTenant,
        /// Replace the tenant's root: whoever trusts the one before it trusts nothing of the tenant any more
        #[arg(long)]
        replace_root: bool,
    },
    /// Have a root take certificates back; prints the list of all that it has (X.509 CRL, PEM)
    Revoke {
        /// Serial numbers, in hexadecimal digits, as `keyfoldd ca show` prints them
        #[arg(value_name = "SERIAL", required = true)]
        serials: Vec<String>,
        /// Whose root of those in the token [default: the only one]
        #[arg(long, requires = "pkcs11")]
        name: Option<String>,
        /// The list before this one, if there is one
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        previous: Option<PathBuf>,
        /// In how many days there is another list: without one, nobody trusts the tenant after them
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=825))]
        days: u32,
        #[command(flatten)]
        root: RootPlace,
    },
    /// Give the server the list of those that the root takes back
    InstallRevoked {
        /// What `keyfoldd ca revoke` printed
        #[arg(value_name = "LIST", value_hint = ValueHint::FilePath)]
        list: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Show whom the tenant's root has certified
    Show {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Draw another key for reports and status lists; it signs an hour later, and the one before it is known for two days more
    RotateTokenKey {
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = CLIENT)]
pub(in crate::commands) enum ClientCommand {
    /// Let a relying party, or another program, ask; prints its client id
    Add {
        /// What it is called
        name: String,
        /// Its public keys: a JWK set, each with a `kid`
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        keys: PathBuf,
        /// What it may ask: evidence, compliance, or both
        #[arg(long, default_value = "evidence", value_parser = Scopes::parse)]
        scope: Scopes,
        #[command(flatten)]
        of: OfTenant,
    },
    /// List those that may ask
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Give one other public keys
    Keys {
        /// Its client id
        client: ClientId,
        /// A JWK set
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        keys: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Let one ask no more
    Remove {
        /// Its client id
        client: ClientId,
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = RP_ID)]
pub(in crate::commands) enum RpIdCommand {
    /// List an RP id for a relying party; prints what proves that it owns the domain
    Add {
        /// Its client id
        client: ClientId,
        /// A domain name, such as shop.example
        rp_id: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Look whether the domain says so
    Prove {
        /// Its client id
        client: ClientId,
        /// The domain
        rp_id: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// List RP ids, and whether they are proved
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// List an RP id no more
    Remove {
        /// Its client id
        client: ClientId,
        /// The domain
        rp_id: String,
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::commands) enum MemberCommand {
    /// Invite a person's account; prints what they give `keyfold tenant join`, this once
    Invite {
        /// What the person is called
        name: String,
        /// How long it is good, in days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        #[command(flatten)]
        of: OfTenant,
    },
    /// List members with their devices
    List {
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Subcommand)]
#[command(after_help = COMPLIANCE)]
pub(in crate::commands) enum ComplianceCommand {
    /// Add a policy, or put it in place of the one with its id
    Set {
        /// The policy, JSON
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// List policies, as JSON, one on a line of its own each
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Remove a policy
    Remove {
        /// Its id
        policy: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Say where a device stands, and why
    Device {
        /// Its id
        device: MemberId,
        #[command(flatten)]
        of: OfTenant,
    },
}

const INIT: &str = "\
A tenant is an organisation that vouches for its members' devices. Its root certifies the server's keys, a few months at a time; \
without the root's file nobody can, so keep it, and its passphrase, where you keep what you cannot lose.

  keyfoldd init --name 'Example Ltd.' --country DE --root /media/stick/root.age
  keyfoldd init --name 'Example Ltd.' --pkcs11 MODULE --token LABEL    or so, with the root in a token
  keyfoldd compliance set laptops.json        what is required of devices: without a policy none is compliant
  keyfoldd member invite Ana                  Ana: keyfold tenant join CODE
  keyfoldd client add Shop --keys jwks.json   who may ask for evidence
  keyfoldd rp-id add CLIENT shop.example      and where";

const CA: &str = "\
Every three months, before the certificates end:
  keyfoldd ca request > request.pem                          on the server
  keyfoldd ca sign request.pem --root root.age > certified.pem   where the root is
  keyfoldd ca install certified.pem                          on the server

A root in a token signs where the token is plugged in, and asks for its PIN. MODULE is the library of its maker:
  keyfoldd ca root --pkcs11 MODULE --token LABEL --name 'Example Ltd.' --country DE
  keyfoldd ca sign request.pem --pkcs11 MODULE --token LABEL > certified.pem
The keys cannot be copied out: if the token breaks the root is lost, unless its maker's program has backed the whole token up.";

const CLIENT: &str = "\
A client shows who it is by private_key_jwt (RFC 7523) at the tenant's token endpoint. The tenant's URL, PUBLIC_URL/v1/tenants/ID, \
says where everything is; PUBLIC_URL/v1/openapi.json says what can be asked.";

const RP_ID: &str = "\
The domain proves itself by a file, https://RP_ID/.well-known/keyfold-domain, with the line that `add` prints. It is looked at again \
every day, and counts for two weeks after it was seen last.";

const COMPLIANCE: &str = "\
{\"id\": \"laptops\", \"name\": \"Laptops\", \"platforms\": [\"linux\"], \"valid-hours\": 24, \"rules\": [
  {\"id\": \"disk\", \"requirement\": \"disk-encryption\", \"severity\": \"non-compliant\", \"grace-days\": 3},
  {\"id\": \"os\", \"requirement\": {\"os-version\": {\"platform\": \"linux\", \"at-least\": \"12\"}}, \"severity\": \"warning\", \"grace-days\": 0}]}

Requirements: disk-encryption, screen-lock, secure-boot, hardware-evidence, external-compliance, {\"os-version\": …}, \
{\"key-store\": {\"at-least\": \"tpm\"}}, {\"agent-version\": {\"at-least\": \"0.1\"}}. Warnings are told and change nothing.";
