use std::collections::BTreeSet;

use keyfold_vault::storage::{AccountId, PushWrite, StorageError, Written};

use super::{
    chains::Growth,
    line::{Fit, Line, Work},
    postgres_session::PostgresSession,
    push::push_within,
    push_postgres,
};
use crate::{Database, transaction::commit};

/// Pushes that wait go in one transaction, since what a commit to the disk costs, or a statement, it costs once, however many
/// accounts it is for. A database that does not do that, as where accounts are spread over machines, is then told of each
/// alone; and so is PostgreSQL if it has to end a group that would wait for another server's for ever.
impl Work for PushWrite {
    type Answer = Written;
    type Load = Group;
    type Session = PostgresSession;

    fn line(database: &Database) -> &Line<Self> {
        &database.lines.pushes
    }

    /// Of each account one: what it asks beside waits for the next group.
    fn fit(&self, group: &mut Group) -> Fit {
        if group.accounts.contains(&self.account) {
            return Fit::Waits;
        }
        let bytes = group.bytes + size(self);
        let changes = group.changes + self.changes.len();
        if group.accounts.len() == GROUP
            || !group.accounts.is_empty() && (bytes > GROUP_BYTES || changes > GROUP_CHANGES)
        {
            return Fit::Full;
        }
        group.accounts.insert(self.account);
        (group.bytes, group.changes) = (bytes, changes);
        Fit::Goes
    }

    async fn together(
        database: &Database,
        session: &mut PostgresSession,
        group: &[Self],
    ) -> Result<Vec<Written>, StorageError> {
        if database.is_postgres() {
            return push_postgres::push(database, session, group).await;
        }
        let transaction = database.write().await?;
        let written = push_within(&transaction, group, Growth::New).await?;
        commit(transaction).await?;
        Ok(written)
    }
}

/// What one transaction has to write.
#[derive(Debug, Default)]
pub(crate) struct Group {
    accounts: BTreeSet<AccountId>,
    bytes: usize,
    changes: usize,
}

fn size(write: &PushWrite) -> usize {
    write.changes.iter().flat_map(|change| &change.envelope).map(Vec::len).sum()
}

/// Pushes of one transaction, bytes of their envelopes, and changes: a statement of SQLite has at most 32,766 values.
const GROUP: usize = 64;
const GROUP_CHANGES: usize = 2_000;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
