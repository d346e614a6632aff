use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, CommitRow, Cursor, EntryRow, ItemId, MemberId, PullStorage, RevisionRow, Span, StorageError,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use crate::{
    Database,
    entity::{commits, epoch_links, revisions, roster_entries, sealed_keys},
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
        let rows = roster_entries::Entity::find()
            .filter(roster_entries::Column::AccountId.eq(account.to_vec()))
            .filter(within(roster_entries::Column::Seq, span))
            .order_by_asc(roster_entries::Column::Seq)
            .limit(limit)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        let mut rows: Vec<EntryRow> = rows.into_iter().map(EntryRow::try_from).collect::<Result<_, _>>()?;
        if let (Some(member), Some(last)) = (member, rows.last().map(|row| row.seq)) {
            let span = Span { first: span.first, last };
            self.add_keys(account, member, span, &mut rows).await?;
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

impl Database {
    /// The member's sealed keys and everyone's links of these entries, each beside its entry.
    async fn add_keys(
        &self,
        account: AccountId,
        member: MemberId,
        span: Span,
        rows: &mut [EntryRow],
    ) -> Result<(), StorageError> {
        let keys = sealed_keys::Entity::find()
            .filter(sealed_keys::Column::AccountId.eq(account.to_vec()))
            .filter(sealed_keys::Column::MemberId.eq(member.to_vec()))
            .filter(within(sealed_keys::Column::RosterSeq, span))
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        let links = epoch_links::Entity::find()
            .filter(epoch_links::Column::AccountId.eq(account.to_vec()))
            .filter(within(epoch_links::Column::RosterSeq, span))
            .order_by_asc(epoch_links::Column::RosterSeq)
            .order_by_asc(epoch_links::Column::Epoch)
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        for key in keys {
            if let Some(row) = rows.iter_mut().find(|row| signed(row.seq) == key.roster_seq) {
                row.sealed_key = Some(key.sealed);
            }
        }
        for link in links {
            if let Some(row) = rows.iter_mut().find(|row| signed(row.seq) == link.roster_seq) {
                row.links.push((unsigned(link.epoch)?, link.sealed));
            }
        }
        Ok(())
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
