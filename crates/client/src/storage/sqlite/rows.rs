use keyfold_crypto::Hash;
use keyfold_ledger::Chain;
use keyfold_wire::v1::Signed;
use sqlx::{Row, sqlite::SqliteRow};

use crate::storage::{Condition, OutboxKind, StorageError};

/// SQLite's integers are signed; no count of this protocol comes near the difference.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &SqliteRow, column: &str) -> Result<u64, StorageError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged(column))
}

pub(super) fn hash(row: &SqliteRow, column: &str) -> Result<Hash, StorageError> {
    Hash::try_from(row.try_get::<&[u8], _>(column)?).map_err(|_| damaged(column))
}

pub(super) fn optional_hash(row: &SqliteRow, column: &str) -> Result<Option<Hash>, StorageError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| Hash::try_from(bytes).map_err(|_| damaged(column))).transpose()
}

pub(super) fn id<'row, T: TryFrom<&'row [u8]>>(row: &'row SqliteRow, column: &str) -> Result<T, StorageError> {
    T::try_from(row.try_get::<&[u8], _>(column)?).map_err(|_| damaged(column))
}

pub(super) fn optional_id<'row, T: TryFrom<&'row [u8]>>(
    row: &'row SqliteRow,
    column: &str,
) -> Result<Option<T>, StorageError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| T::try_from(bytes).map_err(|_| damaged(column))).transpose()
}

pub(super) fn signed(row: &SqliteRow) -> Result<Signed, StorageError> {
    Ok(Signed { body: row.try_get("body")?, signature: row.try_get("signature")? })
}

pub(super) fn damaged(what: &str) -> StorageError {
    StorageError::Damaged(format!("a bad {what}"))
}

impl Condition {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Enrolling => "enrolling",
            Self::Recovering => "recovering",
            Self::Joining => "joining",
            Self::Active => "active",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, StorageError> {
        [Self::Creating, Self::Enrolling, Self::Recovering, Self::Joining, Self::Active]
            .into_iter()
            .find(|condition| condition.name() == name)
            .ok_or_else(|| damaged("condition"))
    }
}

pub(super) const fn chain_name(chain: Chain) -> &'static str {
    match chain {
        Chain::Roster => "roster",
        Chain::Vault => "vault",
    }
}

impl OutboxKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Roster => "roster",
            Self::Commit => "commit",
        }
    }
}
