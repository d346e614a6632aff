use keyfold_vault::storage::{AppendWrite, Appended, LookupChange, StorageError};
use sea_orm::{
    ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait},
};

use super::{
    chains::{Growth, still_at},
    enrolments::use_up,
    news,
};
use crate::{
    Database,
    entity::{
        accounts::{Column, Entity},
        epoch_links, roster_entries, sealed_keys,
    },
    error::unavailable,
    transaction::commit,
    value::signed,
};

pub(super) async fn append(database: &Database, write: AppendWrite) -> Result<Appended, StorageError> {
    let transaction = database.write().await?;
    let growth = if write.ends_offers { Growth::Offered } else { Growth::New };
    let appended = append_within(&transaction, write, growth).await?;
    // Returning without a commit rolls back.
    if appended == Appended::Done {
        commit(transaction).await?;
    }
    Ok(appended)
}

/// Writes an entry; of one that is not `Done` the transaction must be given up.
pub(super) async fn append_within(
    transaction: &impl ConnectionTrait,
    write: AppendWrite,
    growth: Growth,
) -> Result<Appended, StorageError> {
    let seq = signed(write.expected.roster_seq.saturating_add(1));
    let account_id = write.account.to_vec();
    let mut update = Entity::update_many()
        .col_expr(Column::RosterSeq, Expr::value(seq))
        .col_expr(Column::RosterHead, Expr::value(write.hash.to_vec()))
        .col_expr(Column::BytesUsed, Expr::col(Column::BytesUsed).add(signed(write.bytes_added)))
        .col_expr(Column::Behind, Expr::value(growth == Growth::Offered && !write.ends_offers));
    if let Some(fences) = &write.fences {
        update = update.col_expr(Column::Fences, Expr::value(fences.to_bytes()));
    }
    if let Some(change) = &write.lookup {
        let lookup = match change {
            LookupChange::Set(hash) => Some(hash.to_vec()),
            LookupChange::Cleared => None,
        };
        update = update.col_expr(Column::RecoveryLookup, Expr::value(lookup));
    }
    let moved =
        update.filter(still_at(write.account, &write.expected, growth)).exec(transaction).await.map_err(unavailable)?;
    if moved.rows_affected == 0 {
        return Ok(Appended::Moved);
    }
    if let Some(used) = write.enrolment
        && !use_up(transaction, used).await?
    {
        return Ok(Appended::EnrolmentEnded);
    }
    let entry = roster_entries::Model {
        account_id: account_id.clone(),
        seq,
        vault_seq: signed(write.expected.vault_seq),
        body: write.entry.body,
        signature: write.entry.signature,
    };
    roster_entries::Entity::insert(entry.into_active_model())
        .exec_without_returning(transaction)
        .await
        .map_err(unavailable)?;
    let keys = write.sealed_keys.into_iter().map(|(member, sealed)| {
        sealed_keys::Model { account_id: account_id.clone(), member_id: member.to_vec(), roster_seq: seq, sealed }
            .into_active_model()
    });
    sealed_keys::Entity::insert_many(keys).exec_without_returning(transaction).await.map_err(unavailable)?;
    let links = write.links.into_iter().map(|(epoch, sealed)| {
        epoch_links::Model { account_id: account_id.clone(), roster_seq: seq, epoch: signed(epoch), sealed }
            .into_active_model()
    });
    epoch_links::Entity::insert_many(links).exec_without_returning(transaction).await.map_err(unavailable)?;
    news::note(transaction, write.account, write.expected.roster_seq.saturating_add(1)).await?;
    Ok(Appended::Done)
}
