use std::collections::BTreeMap;

use keyfold_vault::storage::{AccountId, Element, Heads, ItemId, KEPT_REVISIONS, PushBase, SetState, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};

use super::line::{Fit, Line, Work};
use crate::{
    Database,
    entity::accounts,
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

/// Reads are for several accounts at once: on either database a statement costs more than what it reads.
impl Work for BaseOf {
    type Answer = Option<PushBase>;
    type Load = Group;

    fn line(database: &Database) -> &Line<Self> {
        &database.bases
    }

    fn fit(&self, group: &mut Group) -> Fit {
        let items = group.items + self.items.len();
        if group.pushes == GROUP || group.pushes > 0 && items > GROUP_ITEMS {
            return Fit::Full;
        }
        (group.pushes, group.items) = (group.pushes + 1, items);
        Fit::Goes
    }

    async fn together(database: &Database, group: &[Self]) -> Result<Vec<Option<PushBase>>, StorageError> {
        // Items never go back. So where an account, which is read last, stands at a head that was known before, they are as
        // of that head; where it stands elsewhere, what they are matters to nobody.
        let database = &database.reader;
        let wanted: Vec<_> =
            group.iter().flat_map(|base| base.items.iter().map(|item| (base.account, *item))).collect();
        let latest = latest(database, &wanted).await?;
        let accounts = group.iter().map(|base| base.account.to_vec());
        let rows = accounts::Entity::find()
            .filter(accounts::Column::AccountId.is_in(accounts))
            .all(database)
            .await
            .map_err(unavailable)?;
        let rows: BTreeMap<_, _> =
            rows.into_iter().map(|row| Ok((account_id(&row.account_id)?, row))).collect::<Result<_, StorageError>>()?;
        group.iter().map(|base| rows.get(&base.account).map(|row| push_base(row, base, &latest)).transpose()).collect()
    }
}

/// What one statement has to read.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pushes: usize,
    items: usize,
}

fn push_base(row: &accounts::Model, base: &BaseOf, latest: &LatestOf) -> Result<PushBase, StorageError> {
    let changed: Vec<&Latest> = base.items.iter().filter_map(|item| latest.get(&(base.account, *item))).collect();
    Ok(PushBase {
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
        changed: changed.iter().map(|latest| latest.element).collect(),
        reclaimed: changed.iter().map(|latest| latest.reclaimed).sum(),
    })
}

/// An item as it is now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latest {
    pub(super) element: Element,
    /// Bytes of its oldest kept envelope, which drops out of the kept ones when it takes a further revision.
    pub(super) reclaimed: u64,
}

pub(super) type LatestOf = BTreeMap<(AccountId, ItemId), Latest>;

/// Those of these items that there are.
pub(super) async fn latest(
    database: &impl ConnectionTrait,
    wanted: &[(AccountId, ItemId)],
) -> Result<LatestOf, StorageError> {
    if wanted.is_empty() {
        return Ok(LatestOf::new());
    }
    let statement = statement(database.get_database_backend(), wanted);
    let rows = LatestRow::find_by_statement(statement).all(database).await.map_err(unavailable)?;
    rows.into_iter()
        .map(|row| {
            let element = element(&row.item_id, row.revision, row.tombstone, &row.envelope_hash)?;
            let reclaimed = unsigned(row.reclaimed.unwrap_or(0))?;
            Ok(((account_id(&row.account_id)?, element.item), Latest { element, reclaimed }))
        })
        .collect()
}

/// Looks each item up. To SQLite a `CROSS JOIN` says in which order: for many items it would rather read every revision that
/// there is.
fn statement(backend: DatabaseBackend, wanted: &[(AccountId, ItemId)]) -> Statement {
    // What fills up is found nowhere: so there are few statements, and each is prepared once.
    let filled_up = wanted.iter().map(|(account, item)| (Some(account.to_vec()), Some(item.to_vec())));
    let filled_up = filled_up.chain(std::iter::repeat((None, None))).take(wanted.len().next_power_of_two());
    let values: Vec<Value> = filled_up.flat_map(|(account, item)| [account.into(), item.into()]).collect();
    let places: Vec<String> = (1..values.len()).step_by(2).map(|place| format!("(${place}, ${})", place + 1)).collect();
    let sql = format!(
        "WITH wanted (account_id, item_id) AS (VALUES {})
        SELECT latest.account_id, latest.item_id, latest.revision, latest.tombstone, latest.envelope_hash,
            oldest.size AS reclaimed
        FROM wanted CROSS JOIN revisions AS latest
        LEFT JOIN revisions AS oldest
            ON oldest.account_id = latest.account_id AND oldest.item_id = latest.item_id
            AND oldest.revision = latest.revision + 1 - {KEPT_REVISIONS}
        WHERE latest.account_id = wanted.account_id AND latest.item_id = wanted.item_id
            AND latest.revision = (
                SELECT MAX(each.revision) FROM revisions AS each
                WHERE each.account_id = wanted.account_id AND each.item_id = wanted.item_id
            )",
        places.join(", ")
    );
    Statement::from_sql_and_values(backend, sql, values)
}

#[derive(FromQueryResult)]
struct LatestRow {
    account_id: Vec<u8>,
    item_id: Vec<u8>,
    revision: i64,
    tombstone: bool,
    envelope_hash: Vec<u8>,
    reclaimed: Option<i64>,
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
            let wanted: Vec<_> = (0..count).map(|_| (AccountId::new([1; 16]), ItemId::new([2; 16]))).collect();
            let mut explain = statement(DatabaseBackend::Sqlite, &wanted);
            explain.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let rows = database.reader.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
            let finds = |table: &str| plan.iter().any(|step| step.starts_with(&format!("SEARCH {table} USING")));
            assert!(finds("latest") && finds("each") && finds("oldest"), "{count}: {plan:#?}");
            assert!(!plan.iter().any(|step| step.contains("AUTOMATIC")), "{count}: {plan:#?}");
        }
    }
}
