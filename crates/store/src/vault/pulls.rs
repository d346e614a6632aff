use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, CommitRow, Cursor, EntryRow, ItemId, MemberId, PullStorage, RevisionRow, Span, StorageError,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use crate::{
    Database,
    entity::{commits, revisions, roster_entries},
    error::unavailable,
    value::{element, item_id, message, signed, unsigned},
};

#[async_trait]
impl PullStorage for Database {
    async fn entries(
        &self,
        account: AccountId,
        span: Span,
        member: Option<MemberId>,
        limit: u64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        let member = member.map(|member| member.to_vec());
        let values: [Value; 5] = [
            account.to_vec().into(),
            signed(span.first).into(),
            signed(span.last).into(),
            signed(limit).into(),
            member.into(),
        ];
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), ENTRIES, values);
        let parts = EntryPart::find_by_statement(statement).all(&self.reader).await.map_err(unavailable)?;
        let mut rows: Vec<EntryRow> = Vec::new();
        for part in parts {
            match (part.kind, rows.last_mut()) {
                (ENTRY, _) => rows.push(part.entry()?),
                (SEALED_KEY, Some(row)) => row.sealed_key = Some(part.body),
                (LINK, Some(row)) => row.links.push((unsigned(part.number)?, part.body)),
                _ => return Err(StorageError::Damaged("keys came before their entry")),
            }
        }
        Ok(rows)
    }

    async fn entry(&self, account: AccountId, seq: u64) -> Result<Option<EntryRow>, StorageError> {
        let row = roster_entries::Entity::find_by_id((account.to_vec(), signed(seq)))
            .one(&self.reader)
            .await
            .map_err(unavailable)?;
        row.map(EntryRow::try_from).transpose()
    }

    async fn commits(&self, account: AccountId, span: Span, limit: u64) -> Result<Vec<CommitRow>, StorageError> {
        let rows = commits::Entity::find()
            .filter(commits::Column::AccountId.eq(account.to_vec()))
            .filter(within(commits::Column::Seq, span))
            .order_by_asc(commits::Column::Seq)
            .limit(limit)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter().map(CommitRow::try_from).collect()
    }

    async fn commit(&self, account: AccountId, seq: u64) -> Result<Option<CommitRow>, StorageError> {
        let row = commits::Entity::find_by_id((account.to_vec(), signed(seq)))
            .one(&self.reader)
            .await
            .map_err(unavailable)?;
        row.map(CommitRow::try_from).transpose()
    }

    async fn changed(
        &self,
        account: AccountId,
        span: Span,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<RevisionRow>, StorageError> {
        let mut rows = revisions::Entity::find()
            .select_only()
            .columns([
                revisions::Column::Seq,
                revisions::Column::ItemId,
                revisions::Column::Revision,
                revisions::Column::Tombstone,
                revisions::Column::EnvelopeHash,
                revisions::Column::Size,
            ])
            .filter(revisions::Column::AccountId.eq(account.to_vec()))
            .filter(within(revisions::Column::Seq, span))
            .filter(latest_until(span.last))
            .order_by_asc(revisions::Column::Seq)
            .order_by_asc(revisions::Column::ItemId)
            .limit(limit);
        if let Some(Cursor { seq, item }) = cursor {
            let position = Expr::tuple([revisions::Column::Seq.into_expr(), revisions::Column::ItemId.into_expr()]);
            rows = rows.filter(position.gt(Expr::tuple([Expr::value(signed(seq)), Expr::value(item.to_vec())])));
        }
        let rows = rows.into_model::<Changed>().all(&self.reader).await.map_err(unavailable)?;
        rows.into_iter().map(RevisionRow::try_from).collect()
    }

    async fn envelopes(
        &self,
        account: AccountId,
        wanted: &[(ItemId, u64)],
    ) -> Result<Vec<(ItemId, u64, Vec<u8>)>, StorageError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = wanted.iter().map(|(item, revision)| (item.to_vec(), signed(*revision)));
        let rows: Vec<(Vec<u8>, i64, Vec<u8>)> = revisions::Entity::find()
            .select_only()
            .columns([revisions::Column::ItemId, revisions::Column::Revision, revisions::Column::Envelope])
            .filter(revisions::Column::AccountId.eq(account.to_vec()))
            .filter(
                Expr::tuple([revisions::Column::ItemId.into_expr(), revisions::Column::Revision.into_expr()])
                    .in_tuples(wanted),
            )
            .filter(revisions::Column::Envelope.is_not_null())
            .into_tuple()
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        rows.into_iter()
            .map(|(item, revision, envelope)| Ok((item_id(&item)?, unsigned(revision)?, envelope)))
            .collect()
    }
}

fn within(seq: impl ColumnTrait, span: Span) -> Condition {
    Condition::all().add(seq.gte(signed(span.first))).add(seq.lte(signed(span.last)))
}

/// No later revision of the same item up to this commit.
fn latest_until(until: u64) -> Expr {
    let next = Alias::new("next");
    let column = |column: revisions::Column| Expr::col((next.clone(), column));
    let this = |column: revisions::Column| Expr::col((revisions::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::value(1))
            .from_as(revisions::Entity, next.clone())
            .and_where(column(revisions::Column::AccountId).eq(this(revisions::Column::AccountId)))
            .and_where(column(revisions::Column::ItemId).eq(this(revisions::Column::ItemId)))
            .and_where(column(revisions::Column::Revision).eq(this(revisions::Column::Revision).add(1)))
            .and_where(column(revisions::Column::Seq).lte(signed(until)))
            .take(),
    )
    .not()
}

/// Entries, each before the member's sealed key and everyone's links of it: all as of one moment.
const ENTRIES: &str = "
    WITH page AS (
        SELECT seq, vault_seq, body, signature FROM roster_entries
        WHERE account_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4
    )
    SELECT 0 AS kind, seq, vault_seq AS number, body, signature FROM page
    UNION ALL
    SELECT 1, roster_seq, 0, sealed, NULL FROM sealed_keys
    WHERE account_id = $1 AND member_id = $5 AND roster_seq BETWEEN $2 AND (SELECT MAX(seq) FROM page)
    UNION ALL
    SELECT 2, roster_seq, epoch, sealed, NULL FROM epoch_links
    WHERE account_id = $1 AND roster_seq BETWEEN $2 AND (SELECT MAX(seq) FROM page) AND $5 IS NOT NULL
    ORDER BY 2, 1, 3";
const ENTRY: i32 = 0;
const SEALED_KEY: i32 = 1;
const LINK: i32 = 2;

/// An entry, or a key or link of the one before it.
#[derive(FromQueryResult)]
struct EntryPart {
    kind: i32,
    seq: i64,
    /// Of an entry the vault's seq, of a link its epoch.
    number: i64,
    body: Vec<u8>,
    signature: Option<Vec<u8>>,
}

impl EntryPart {
    fn entry(self) -> Result<EntryRow, StorageError> {
        Ok(EntryRow {
            seq: unsigned(self.seq)?,
            vault_seq: unsigned(self.number)?,
            entry: message(self.body, self.signature.unwrap_or_default()),
            sealed_key: None,
            links: Vec::new(),
        })
    }
}

/// A revision without its envelope.
#[derive(FromQueryResult)]
struct Changed {
    seq: i64,
    item_id: Vec<u8>,
    revision: i64,
    tombstone: bool,
    envelope_hash: Vec<u8>,
    size: i64,
}

impl TryFrom<Changed> for RevisionRow {
    type Error = StorageError;

    fn try_from(row: Changed) -> Result<Self, StorageError> {
        Ok(Self {
            seq: unsigned(row.seq)?,
            element: element(&row.item_id, row.revision, row.tombstone, &row.envelope_hash)?,
            size: unsigned(row.size)?,
        })
    }
}

impl TryFrom<roster_entries::Model> for EntryRow {
    type Error = StorageError;

    fn try_from(row: roster_entries::Model) -> Result<Self, StorageError> {
        Ok(Self {
            seq: unsigned(row.seq)?,
            vault_seq: unsigned(row.vault_seq)?,
            entry: message(row.body, row.signature),
            sealed_key: None,
            links: Vec::new(),
        })
    }
}

impl TryFrom<commits::Model> for CommitRow {
    type Error = StorageError;

    fn try_from(row: commits::Model) -> Result<Self, StorageError> {
        Ok(Self {
            seq: unsigned(row.seq)?,
            roster_seq: unsigned(row.roster_seq)?,
            commit: message(row.body, row.signature),
        })
    }
}
