use std::collections::BTreeMap;

use keyfold_vault::storage::{AccountId, Heads, StorageError};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, sqlx};

use super::{
    line::{Line, Work},
    postgres_session::PostgresSession,
};
use crate::{
    Database,
    entity::accounts::{Column, Entity},
    error::unavailable,
    value::{account_id, hash, unsigned},
};

/// Asks where an account stands, if it is there. One statement asks for several.
#[derive(Debug)]
pub(crate) struct HeadsOf(pub(super) AccountId);

impl Work for HeadsOf {
    type Answer = Option<Heads>;
    type Load = usize;
    type Session = PostgresSession;

    fn line(database: &Database) -> &Line<Self> {
        &database.lines.heads
    }

    fn fits(&self, group: &mut usize) -> bool {
        let fits = *group < GROUP;
        *group += usize::from(fits);
        fits
    }

    async fn together(
        database: &Database,
        session: &mut PostgresSession,
        group: &[Self],
    ) -> Result<Vec<Option<Heads>>, StorageError> {
        let accounts: Vec<AccountId> = group.iter().map(|HeadsOf(account)| *account).collect();
        let heads = if database.is_postgres() {
            heads_on_postgres(database, session, &accounts).await?
        } else {
            heads(&database.reader, &accounts).await?
        };
        Ok(accounts.iter().map(|account| heads.get(account).copied()).collect())
    }
}

/// The few columns that a poll reads.
#[derive(FromQueryResult)]
struct Row {
    account_id: Vec<u8>,
    roster_seq: i64,
    roster_head: Vec<u8>,
    vault_seq: i64,
    vault_head: Vec<u8>,
}

/// Where these accounts stand, as far as they are there.
pub(super) async fn heads(
    database: &impl ConnectionTrait,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, Heads>, StorageError> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::RosterSeq, Column::RosterHead, Column::VaultSeq, Column::VaultHead])
        .filter(Column::AccountId.is_in(accounts.iter().map(|account| account.to_vec())))
        .into_model::<Row>()
        .all(database)
        .await
        .map_err(unavailable)?;
    by_account(rows)
}

/// The same in a session that is kept.
async fn heads_on_postgres(
    database: &Database,
    session: &mut PostgresSession,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, Heads>, StorageError> {
    let accounts: Vec<&[u8]> = accounts.iter().map(|account| account.as_bytes().as_slice()).collect();
    let statement = sqlx::query(HEADS).bind(accounts);
    let rows = session.ask(database, async |connection| statement.fetch_all(connection).await).await?;
    let rows = rows.into_iter().map(|row| Row::from_query_result(&row.into(), ""));
    by_account(rows.collect::<Result<_, _>>().map_err(unavailable)?)
}

fn by_account(rows: Vec<Row>) -> Result<BTreeMap<AccountId, Heads>, StorageError> {
    rows.into_iter().map(|row| Ok((account_id(&row.account_id)?, Heads::try_from(row)?))).collect()
}

impl TryFrom<Row> for Heads {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            roster_seq: unsigned(row.roster_seq)?,
            roster_head: hash(&row.roster_head)?,
            vault_seq: unsigned(row.vault_seq)?,
            vault_head: hash(&row.vault_head)?,
        })
    }
}

const HEADS: &str =
    "SELECT account_id, roster_seq, roster_head, vault_seq, vault_head FROM accounts WHERE account_id = ANY($1)";
/// On SQLite each number of accounts is a statement of its own, which is prepared once.
const GROUP: usize = 16;
