use keyfold_vault::storage::{AccountId, PushWrite, StorageError, Written};

use super::{
    chains::Growth,
    line::{Line, Work},
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

    /// A commit is checked against the one before it: of two at once, one at most stands.
    fn one_of(&self) -> Option<AccountId> {
        Some(self.account)
    }

    fn fits(&self, group: &mut Group) -> bool {
        let bytes = group.bytes + size(self);
        let changes = group.changes + self.changes.len();
        if group.pushes == GROUP || group.pushes > 0 && (bytes > GROUP_BYTES || changes > GROUP_CHANGES) {
            return false;
        }
        *group = Group { pushes: group.pushes + 1, bytes, changes };
        true
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
    pushes: usize,
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
