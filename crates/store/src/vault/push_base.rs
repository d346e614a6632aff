use keyfold_vault::storage::{AccountId, Element, Heads, ItemId, KEPT_REVISIONS, PushBase, SetState, StorageError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, IntoCondition},
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
    let database = &database.reader;
    let found = if items.len() <= FEW {
        together(database, account, items).await
    } else {
        apart(database, account, items).await
    };
    let Some((row, changed)) = found? else { return Ok(None) };
    // If the account has moved on since, what is reclaimed matters to nobody: the push is refused.
    let reclaimed = reclaimed(database, account, &changed).await?;
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

type Found = Option<(accounts::Model, Vec<items::Model>)>;

/// The account, beside each of the items that are there.
async fn together(
    database: &impl ConnectionTrait,
    account: AccountId,
    items: &[ItemId],
) -> Result<Found, StorageError> {
    let ids: Vec<Vec<u8>> = items.iter().map(|item| item.to_vec()).collect();
    let of_the_account = accounts::Entity::belongs_to(items::Entity)
        .from(accounts::Column::AccountId)
        .to(items::Column::AccountId)
        .on_condition(move |_, items| {
            Expr::col((items, items::Column::ItemId)).is_in(ids.iter().cloned()).into_condition()
        });
    let rows = accounts::Entity::find()
        .select_also(items::Entity)
        .join(JoinType::LeftJoin, of_the_account.into())
        .filter(accounts::Column::AccountId.eq(account.to_vec()))
        .all(database)
        .await
        .map_err(unavailable)?;
    let (accounts, items): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok(accounts.into_iter().next().map(|row| (row, items.into_iter().flatten().collect())))
}

/// The same where the account would stand beside too many.
async fn apart(database: &impl ConnectionTrait, account: AccountId, items: &[ItemId]) -> Result<Found, StorageError> {
    // Items never go back. So where the account, which is read last, stands at a head that was known before, they are as of
    // that head; where it stands elsewhere, what they are matters to nobody.
    let changed = elements(database, account, items).await?;
    let row = accounts::Entity::find_by_id(account.to_vec()).one(database).await.map_err(unavailable)?;
    Ok(row.map(|row| (row, changed)))
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

/// An account's row has some 2 KiB, and one comes with each item.
const FEW: usize = 8;
