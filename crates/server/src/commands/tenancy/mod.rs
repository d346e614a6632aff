//! What an operator does for tenants.

mod arguments;
mod authority;
mod clients;
mod compliance;
mod init;
mod input;
mod members;
mod root_arguments;
mod root_file;
mod root_kept;
mod secret;
mod token;

pub(super) use arguments::{Ca, ClientCommand, ComplianceCommand, Init, MemberCommand, RpIdCommand, TenantCommand};
pub use root_file::RootFileError;
pub use token::{TokenError, Tries};

pub(super) use authority::run as ca;
pub(super) use clients::{client, rp_id};
pub(super) use compliance::run as compliance;
pub(super) use init::{init, tenant};
pub(super) use members::run as member;

use std::{
    io::{self, Write, stdout},
    path::{Path, PathBuf},
};

use keyfold_assurance::{
    AuthorityUnavailable, Services,
    authority::{InstallError, NotPem, RootError},
    devices::{DeviceError, PolicyError},
    members::MemberError,
    relying_parties::{DomainError, RegistryError},
    storage::StorageError,
    tenants::CreateTenantError,
};
use keyfold_store::Database;
use keyfold_wire::TenantId;

use super::{CommandError, Form};
use crate::{
    config::Loaded,
    serve::{self, ServeError},
};

/// Why a command about tenants failed.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    /// There is none.
    #[error("there is no tenant yet: make one with `keyfoldd init`")]
    NoTenant,
    /// There are several.
    #[error("there are several tenants: name one by --tenant, as `keyfoldd tenant list` prints them")]
    WhichTenant,
    /// A file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A serial number.
    #[error("{0:?} is no serial number: it has 32 hexadecimal digits")]
    Serial(String),
    /// A new tenant.
    #[error(transparent)]
    Create(#[from] CreateTenantError),
    /// No root was named.
    #[error("name the root's file by --root, or its token by --pkcs11 and --token")]
    WhichRoot,
    /// A root's file.
    #[error(transparent)]
    RootFile(#[from] RootFileError),
    /// A root in a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A root.
    #[error(transparent)]
    Root(#[from] RootError),
    /// What is carried between server and root.
    #[error(transparent)]
    Pem(#[from] NotPem),
    /// What is installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// A tenant's keys.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// A client.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// An RP id.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// A member.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The informed half over the database, while no request is served.
struct Office {
    assurance: Services,
    database: Database,
    form: Form,
}

impl Office {
    async fn open(loaded: &Loaded, form: Form) -> Result<Self, CommandError> {
        let (assurance, database) = serve::office(&loaded.settings).await?;
        Ok(Self { assurance, database, form })
    }

    async fn close(self) -> Result<(), CommandError> {
        Ok(self.database.close().await.map_err(ServeError::from)?)
    }

    /// The tenant that is named, or the only one.
    async fn tenant(&self, named: Option<TenantId>) -> Result<TenantId, TenancyError> {
        if let Some(tenant) = named {
            return Ok(tenant);
        }
        match self.assurance.tenants.list().await?.as_slice() {
            [] => Err(TenancyError::NoTenant),
            [tenant] => Ok(tenant.id),
            [_, ..] => Err(TenancyError::WhichTenant),
        }
    }

    /// A result, for people or for programs.
    fn say(&self, text: &str, json: &serde_json::Value) -> Result<(), CommandError> {
        let line = if self.form == Form::Json { json.to_string() } else { text.to_owned() };
        Ok(writeln!(stdout(), "{line}")?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TenancyError> {
    input::read(path).map_err(|error| TenancyError::File { path: path.to_owned(), error })
}

fn read_text(path: &Path) -> Result<String, TenancyError> {
    String::from_utf8(read(path)?)
        .map_err(|_| TenancyError::File { path: path.to_owned(), error: io::ErrorKind::InvalidData.into() })
}

fn rfc3339(millis: u64) -> String {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    let seconds = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}
