use std::{collections::BTreeMap, sync::LazyLock};

use keyfold_vault::storage::{
    AccountId, Element, Fences, Heads, ItemId, KEPT_REVISIONS, PushBase, SetState, StorageError,
};
use sea_orm::{ConnectionTrait, DatabaseBackend, FromQueryResult, QueryResult, Statement, Value, sqlx};

use super::{
    line::{Line, Work},
    postgres_session::PostgresSession,
};
use crate::{
    Database,
    error::unavailable,
    value::{account_id, element, hash, unsigned},
};

/// Asks what a push of an account is checked against.
#[derive(Debug)]
pub(crate) struct BaseOf {
    pub(super) account: AccountId,
    /// What it changes.
    pub(super) items: Vec<ItemId>,
}

/// One statement reads for several accounts: on either database it costs more than what it reads.
impl Work for BaseOf {
    type Answer = Option<PushBase>;
    type Load = Group;
    type Session = PostgresSession;

    fn line(database: &Database) -> &Line<Self> {
        &database.lines.bases
    }

    fn fits(&self, group: &mut Group) -> bool {
        let items = group.items + self.items.len();
        if group.pushes == GROUP || group.pushes > 0 && items > GROUP_ITEMS {
            return false;
        }
        (group.pushes, group.items) = (group.pushes + 1, items);
        true
    }

    async fn together(
        database: &Database,
        session: &mut PostgresSession,
        group: &[Self],
    ) -> Result<Vec<Option<PushBase>>, StorageError> {
        let found = if database.is_postgres() {
            find_on_postgres(database, session, group).await?
        } else {
            find(&database.reader, group).await?
        };
        group.iter().map(|base| found.push_base(base)).collect()
    }
}

/// What one statement has to read.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pushes: usize,
    items: usize,
}

/// Accounts and items as of one moment.
#[derive(Debug, Default)]
pub(super) struct Found {
    accounts: BTreeMap<AccountId, AccountRow>,
    items: BTreeMap<(AccountId, ItemId), Latest>,
}

/// An item as it is now.
#[derive(Debug, Clone, Copy)]
struct Latest {
    element: Element,
    /// Bytes of its oldest kept envelope, which drops out of the kept ones when it takes a further revision.
    reclaimed: u64,
}

impl Found {
    fn read(rows: impl IntoIterator<Item = QueryResult>) -> Result<Self, StorageError> {
        let mut found = Self::default();
        for row in rows {
            let account: Vec<u8> = row.try_get("", "account_id").map_err(unavailable)?;
            let account = account_id(&account)?;
            match row.try_get::<Option<Vec<u8>>>("", "item_id").map_err(unavailable)? {
                None => {
                    found.accounts.insert(account, AccountRow::from_query_result(&row, "").map_err(unavailable)?);
                }
                Some(item) => {
                    let latest = ItemRow::from_query_result(&row, "").map_err(unavailable)?;
                    let element = element(&item, latest.revision, latest.tombstone, &latest.envelope_hash)?;
                    let reclaimed = unsigned(latest.reclaimed)?;
                    found.items.insert((account, element.item), Latest { element, reclaimed });
                }
            }
        }
        Ok(found)
    }

    fn push_base(&self, base: &BaseOf) -> Result<Option<PushBase>, StorageError> {
        let Some(row) = self.accounts.get(&base.account) else { return Ok(None) };
        Ok(Some(PushBase {
            heads: Heads {
                roster_seq: unsigned(row.roster_seq)?,
                roster_head: hash(&row.roster_head)?,
                vault_seq: unsigned(row.vault_seq)?,
                vault_head: hash(&row.vault_head)?,
            },
            at: unsigned(row.vault_at)?,
            count: unsigned(row.item_count)?,
            elements: unsigned(row.element_count)?,
            bytes_used: unsigned(row.bytes_used)?,
            set: SetState::try_from(row.set_state.as_slice())
                .map_err(|_| StorageError::Damaged("a set state has not 2,048 bytes"))?,
            behind: row.behind,
            fences: Fences::try_from(row.fences.as_slice())?,
            changed: self.latest(base).map(|latest| latest.element).collect(),
            reclaimed: self.reclaimed(base),
        }))
    }

    /// The bytes of the envelopes that drop out of the kept ones when these items take a further revision.
    pub(super) fn reclaimed(&self, base: &BaseOf) -> u64 {
        self.latest(base).map(|latest| latest.reclaimed).sum()
    }

    fn latest<'a>(&'a self, base: &'a BaseOf) -> impl Iterator<Item = &'a Latest> {
        base.items.iter().filter_map(|item| self.items.get(&(base.account, *item)))
    }
}

/// Looks up what there is of these.
pub(super) async fn find(database: &impl ConnectionTrait, group: &[BaseOf]) -> Result<Found, StorageError> {
    let statement = statement(database.get_database_backend(), group);
    Found::read(database.query_all_raw(statement).await.map_err(unavailable)?)
}

/// The same in a session that is kept, by a statement whose text is the same for however many.
async fn find_on_postgres(
    database: &Database,
    session: &mut PostgresSession,
    group: &[BaseOf],
) -> Result<Found, StorageError> {
    static SQL: LazyLock<String> = LazyLock::new(|| sql("SELECT * FROM unnest($1::bytea[], $2::bytea[])"));
    let (accounts, items): (Vec<&[u8]>, Vec<Option<&[u8]>>) = wanted(group)
        .map(|(account, item)| (account.as_bytes().as_slice(), item.map(|item| item.as_bytes().as_slice())))
        .unzip();
    let statement = sqlx::query(SQL.as_str()).bind(accounts).bind(items);
    let rows = session.ask(database, async |connection| statement.fetch_all(connection).await).await?;
    Found::read(rows.into_iter().map(QueryResult::from))
}

/// Each account, and each of the items that its push changes.
fn wanted(group: &[BaseOf]) -> impl Iterator<Item = (&AccountId, Option<&ItemId>)> {
    group
        .iter()
        .flat_map(|base| [None].into_iter().chain(base.items.iter().map(Some)).map(|item| (&base.account, item)))
}

fn statement(backend: DatabaseBackend, group: &[BaseOf]) -> Statement {
    let wanted: Vec<[Value; 2]> = wanted(group)
        .map(|(account, item)| [Some(account.to_vec()).into(), item.map(|item| item.to_vec()).into()])
        .collect();
    // What fills up is found nowhere: so there are few statements, and each is prepared once.
    let nothing = || [None::<Vec<u8>>.into(), None::<Vec<u8>>.into()];
    let count = wanted.len().next_power_of_two();
    let values: Vec<Value> = wanted.into_iter().chain(std::iter::repeat_with(nothing)).take(count).flatten().collect();
    let places: Vec<String> = (1..values.len()).step_by(2).map(|place| format!("(${place}, ${})", place + 1)).collect();
    Statement::from_sql_and_values(backend, sql(&format!("VALUES {}", places.join(", "))), values)
}

/// To SQLite a `CROSS JOIN` says in which order: for many items it would rather read every revision that there is.
fn sql(wanted: &str) -> String {
    format!(
        "WITH wanted (account_id, item_id) AS ({wanted})
        SELECT accounts.account_id, NULL AS item_id, NULL AS revision, NULL AS tombstone, NULL AS envelope_hash,
            NULL AS reclaimed, roster_seq, roster_head, vault_seq, vault_head, vault_at, item_count, element_count,
            bytes_used, set_state, behind, fences
        FROM wanted CROSS JOIN accounts
        WHERE wanted.item_id IS NULL AND accounts.account_id = wanted.account_id
        UNION ALL
        SELECT latest.account_id, latest.item_id, latest.revision, latest.tombstone, latest.envelope_hash,
            COALESCE(oldest.size, 0), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM wanted CROSS JOIN revisions AS latest
        LEFT JOIN revisions AS oldest
            ON oldest.account_id = latest.account_id AND oldest.item_id = latest.item_id
            AND oldest.revision = latest.revision + 1 - {KEPT_REVISIONS}
        WHERE latest.account_id = wanted.account_id AND latest.item_id = wanted.item_id
            AND latest.revision = (
                SELECT MAX(each.revision) FROM revisions AS each
                WHERE each.account_id = wanted.account_id AND each.item_id = wanted.item_id
            )"
    )
}

#[derive(Debug, FromQueryResult)]
struct AccountRow {
    roster_seq: i64,
    roster_head: Vec<u8>,
    vault_seq: i64,
    vault_head: Vec<u8>,
    vault_at: i64,
    item_count: i64,
    element_count: i64,
    bytes_used: i64,
    set_state: Vec<u8>,
    behind: bool,
    fences: Vec<u8>,
}

#[derive(FromQueryResult)]
struct ItemRow {
    revision: i64,
    tombstone: bool,
    envelope_hash: Vec<u8>,
    reclaimed: i64,
}

/// Pushes that are read for at once, and their items: a statement of SQLite has at most 32,766 values, and these are filled
/// up to a power of two.
const GROUP: usize = 64;
const GROUP_ITEMS: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DatabaseUrl;

    #[tokio::test]
    async fn however_many_items_are_looked_up_no_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::connect(&DatabaseUrl::file(&folder.path().join("keyfold.db"))).await.unwrap();
        database.migrate().await.unwrap();
        for count in [1, 100, 1_000, GROUP_ITEMS] {
            let items = vec![ItemId::new([2; 16]); count];
            let mut explain = statement(DatabaseBackend::Sqlite, &[BaseOf { account: AccountId::new([1; 16]), items }]);
            explain.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let rows = database.reader.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            let finds = |table: &str| plan.iter().any(|step| step.starts_with(&format!("SEARCH {table} USING")));
            assert!(["accounts", "latest", "each", "oldest"].into_iter().all(finds), "{count}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("AUTOMATIC")), "{count}: {plan:#?}");
        }
    }
}
