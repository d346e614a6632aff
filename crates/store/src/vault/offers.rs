use keyfold_vault::storage::{Appended, Offered, PushWrite, StorageError, Taken, Written};
use sea_orm::ConnectionTrait;

use super::{
    append::append_within,
    chains::Growth,
    push::push_within,
    push_base::{BaseOf, find},
};
use crate::{Database, transaction::commit};

/// Every step, or none: returning without a commit rolls back.
pub(super) async fn offer(database: &Database, steps: Vec<Offered>) -> Result<Taken, StorageError> {
    let transaction = database.write().await?;
    for step in steps {
        let taken = match step {
            Offered::Entry(write) => append_within(&transaction, write, Growth::Offered).await? == Appended::Done,
            Offered::Commit(mut write) => {
                write.bytes_reclaimed = reclaims(&transaction, &write).await?;
                push_within(&transaction, std::slice::from_ref(&write), Growth::Offered).await? == [Written::Done]
            }
        };
        if !taken {
            return Ok(Taken::Moved);
        }
    }
    commit(transaction).await?;
    Ok(Taken::Done)
}

/// The bytes of the envelopes that drop out, of which some may have been offered a step before.
async fn reclaims(database: &impl ConnectionTrait, write: &PushWrite) -> Result<u64, StorageError> {
    let items = write.changes.iter().map(|change| change.element.item).collect();
    let base = BaseOf { account: write.account, items };
    Ok(find(database, std::slice::from_ref(&base)).await?.reclaimed(&base))
}
