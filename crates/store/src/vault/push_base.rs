use keyfold_vault::storage::{AccountId, Element, Heads, ItemId, KEPT_REVISIONS, PushBase, SetState, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Database,
    entity::{accounts, items, revisions},
    error::unavailable,
    value::{element, hash, unsigned},
};

pub(super) async fn push_base(
    database: &Database,
    account: AccountId,
    items: &[ItemId],
) -> Result<Option<PushBase>, StorageError> {
    // Items never go back. So where the account, which is read last, stands at a head that was known before, they are as of
    // that head; where it stands elsewhere, what they are matters to nobody.
    let database = &database.reader;
    let changed = if items.is_empty() { Vec::new() } else { elements(database, account, items).await? };
    let reclaimed = reclaimed(database, account, &changed).await?;
    let row = accounts::Entity::find_by_id(account.to_vec()).one(database).await.map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
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
        changed: changed.into_iter().map(stored).collect::<Result<_, _>>()?,
        reclaimed,
    }))
}

pub(super) async fn elements(
    database: &impl ConnectionTrait,
    account: AccountId,
    changed: &[ItemId],
) -> Result<Vec<items::Model>, StorageError> {
    items::Entity::find()
        .filter(items::Column::AccountId.eq(account.to_vec()))
        .filter(items::Column::ItemId.is_in(changed.iter().map(|item| item.to_vec())))
        .all(database)
        .await
        .map_err(unavailable)
}

/// The bytes of the envelopes that drop out of the kept ones when these items take a further revision.
pub(super) async fn reclaimed(
    database: &impl ConnectionTrait,
    account: AccountId,
    changed: &[items::Model],
) -> Result<u64, StorageError> {
    let oldest: Vec<_> = changed.iter().filter_map(oldest_kept).collect();
    if oldest.is_empty() {
        return Ok(0);
    }
    let sizes: Vec<i64> = revisions::Entity::find()
        .select_only()
        .column(revisions::Column::Size)
        .filter(revisions::Column::AccountId.eq(account.to_vec()))
        .filter(
            Expr::tuple([revisions::Column::ItemId.into_expr(), revisions::Column::Revision.into_expr()])
                .in_tuples(oldest),
        )
        .into_tuple()
        .all(database)
        .await
        .map_err(unavailable)?;
    unsigned(sizes.iter().sum())
}

/// The revision that is kept now and is not after the next.
fn oldest_kept(item: &items::Model) -> Option<(Vec<u8>, i64)> {
    let oldest = item.revision.saturating_add(1).saturating_sub_unsigned(KEPT_REVISIONS);
    (oldest > 0).then(|| (item.item_id.clone(), oldest))
}

fn stored(row: items::Model) -> Result<Element, StorageError> {
    element(&row.item_id, row.revision, row.tombstone, &row.envelope_hash)
}
