use std::collections::BTreeSet;

use keyfold_vault::storage::{AccountId, Change, KEPT_REVISIONS, PushWrite, StorageError, Written};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Statement, Value,
    sea_query::{Expr, ExprTrait},
};

use super::chains::Growth;
use crate::{
    entity::{commits, purges, revisions},
    error::unavailable,
    value::{envelope_hash, signed},
};

/// Writes commits of as many accounts, all of each or nothing, within a transaction. Rows of one kind are one statement,
/// whosever they are.
pub(super) async fn push_within(
    transaction: &impl ConnectionTrait,
    writes: &[PushWrite],
    growth: Growth,
) -> Result<Vec<Written>, StorageError> {
    let stand = advance(transaction, writes, growth).await?;
    let written = stand.iter().map(|stands| if *stands { Written::Done } else { Written::Moved }).collect();
    let standing: Vec<_> = writes.iter().zip(stand).filter_map(|(write, stands)| stands.then_some(write)).collect();
    if standing.is_empty() {
        return Ok(written);
    }
    let rows = standing.iter().map(|write| {
        commits::Model {
            account_id: write.account.to_vec(),
            seq: seq(write),
            roster_seq: signed(write.expected.roster_seq),
            body: write.commit.body.clone(),
            signature: write.commit.signature.clone(),
        }
        .into_active_model()
    });
    commits::Entity::insert_many(rows).exec_without_returning(transaction).await.map_err(unavailable)?;
    keep_purged(transaction, &standing).await?;
    for write in &standing {
        prune(transaction, write.account, &write.changes).await?;
    }
    keep(transaction, &standing).await?;
    Ok(written)
}

/// The seq of the commit.
fn seq(write: &PushWrite) -> i64 {
    signed(write.expected.vault_seq.saturating_add(1))
}

fn changes<'a>(writes: &'a [&PushWrite]) -> impl Iterator<Item = (&'a PushWrite, &'a Change)> {
    writes.iter().flat_map(|write| write.changes.iter().map(move |change| (*write, change)))
}

/// Moves each account on, if it stands where its commit was checked, as [`super::chains::still_at`] has it; which of them did.
async fn advance(
    transaction: &impl ConnectionTrait,
    writes: &[PushWrite],
    growth: Growth,
) -> Result<Vec<bool>, StorageError> {
    // The first value is the same for all.
    let row = |index: usize| {
        let places: Vec<String> = (0..EACH).map(|place| format!("${}", 2 + index * EACH + place)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..writes.len()).map(row).collect();
    let sql = format!(
        "WITH written (account_id, roster_head, prev, seq, head, at, items, elements, bytes, state) AS (VALUES {})
        UPDATE accounts SET vault_seq = written.seq, vault_head = written.head, vault_at = written.at,
            item_count = written.items, element_count = written.elements, bytes_used = bytes_used + written.bytes,
            set_state = written.state
        FROM written
        WHERE accounts.account_id = written.account_id AND accounts.behind = $1
            AND accounts.roster_head = written.roster_head AND accounts.vault_head = written.prev
        RETURNING accounts.account_id",
        rows.join(", ")
    );
    let mut values: Vec<Value> = vec![(growth == Growth::Offered).into()];
    for write in writes {
        let each: [Value; EACH] = [
            write.account.to_vec().into(),
            write.expected.roster_head.to_vec().into(),
            write.expected.vault_head.to_vec().into(),
            seq(write).into(),
            write.hash.to_vec().into(),
            signed(write.at).into(),
            signed(write.count).into(),
            signed(write.elements).into(),
            signed(write.bytes_added).saturating_sub(signed(write.bytes_reclaimed)).into(),
            write.set.to_bytes().into(),
        ];
        values.extend(each);
    }
    let statement = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
    let moved = transaction.query_all_raw(statement).await.map_err(unavailable)?;
    let moved: BTreeSet<Vec<u8>> =
        moved.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>().map_err(unavailable)?;
    Ok(writes.iter().map(|write| moved.contains(&write.account.to_vec())).collect())
}

/// The items' revisions.
async fn keep(database: &impl ConnectionTrait, writes: &[&PushWrite]) -> Result<(), StorageError> {
    let rows = changes(writes).map(|(write, change)| {
        revisions::Model {
            account_id: write.account.to_vec(),
            item_id: change.element.item.to_vec(),
            revision: signed(change.element.revision),
            seq: seq(write),
            tombstone: change.element.is_tombstone(),
            envelope_hash: envelope_hash(&change.element),
            size: change.envelope.as_ref().map_or(0, |envelope| i64::try_from(envelope.len()).unwrap_or(i64::MAX)),
            envelope: change.envelope.clone(),
        }
        .into_active_model()
    });
    revisions::Entity::insert_many(rows).exec_without_returning(database).await.map_err(unavailable)?;
    Ok(())
}

/// Drops the envelopes that are one too many.
async fn prune(database: &impl ConnectionTrait, account: AccountId, changes: &[Change]) -> Result<(), StorageError> {
    let old: Vec<(Vec<u8>, i64)> = changes
        .iter()
        .filter_map(|change| {
            let revision = change.element.revision.checked_sub(KEPT_REVISIONS).filter(|revision| *revision > 0)?;
            Some((change.element.item.to_vec(), signed(revision)))
        })
        .collect();
    if old.is_empty() {
        return Ok(());
    }
    revisions::Entity::update_many()
        .col_expr(revisions::Column::Envelope, Expr::value(Option::<Vec<u8>>::None))
        .col_expr(revisions::Column::Size, Expr::value(0_i64))
        .filter(revisions::Column::AccountId.eq(account.to_vec()))
        .filter(
            Expr::tuple([revisions::Column::ItemId.into_expr(), revisions::Column::Revision.into_expr()])
                .in_tuples(old),
        )
        .exec(database)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// The last envelope of a purged item stays a while, in case the purge was wrong.
async fn keep_purged(database: &impl ConnectionTrait, writes: &[&PushWrite]) -> Result<(), StorageError> {
    let purged = changes(writes).filter(|(_, change)| change.element.is_tombstone()).map(|(write, change)| {
        let (account_id, item_id) = (write.account.to_vec(), change.element.item.to_vec());
        purges::Model { account_id, due: signed(write.purge_due), item_id }.into_active_model()
    });
    purges::Entity::insert_many(purged).exec_without_returning(database).await.map_err(unavailable)?;
    Ok(())
}

/// Values of an account that is moved on.
const EACH: usize = 10;
