use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use keyfold_vault::storage::{PushWrite, StorageError, Written};
use sea_orm::DatabaseTransaction;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::{chains::Growth, push::push_within};
use crate::{Database, transaction::commit};

/// Pushes that wait for SQLite's only writer. One task writes those that wait in one transaction, since what a commit to the
/// disk costs it costs once, however many accounts it is for. It goes on until nobody waits, since to hand the turn from one
/// that waits to the next takes longer than to write.
///
/// On PostgreSQL pushes do not wait for each other, and the database itself writes its log for many at once; there every
/// transaction stays within one account.
#[derive(Debug, Default)]
pub(crate) struct PushQueue {
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// Whether there is a task that writes.
    has_writer: bool,
}

#[derive(Debug)]
struct Waiting {
    write: PushWrite,
    answer: oneshot::Sender<Answer>,
    span: Span,
}

type Answer = Result<Written, StorageError>;

impl PushQueue {
    /// Writes a commit, with others or alone, durably. To give up the wait leaves it undecided whether it is written.
    pub(super) async fn push(&self, database: &Database, write: PushWrite) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.join(Waiting { write, answer, span: Span::current() }) {
            tokio::spawn(Writing { database: database.clone(), ended: false }.until_nobody_waits());
        }
        answered.await.unwrap_or_else(|_| Err(given_up()))
    }

    /// How many wait.
    pub(crate) fn depth(&self) -> usize {
        self.line().waiting.len()
    }

    /// Takes a place; whether somebody must begin to write.
    fn join(&self, waiting: Waiting) -> bool {
        let mut line = self.line();
        line.waiting.push_back(waiting);
        !mem::replace(&mut line.has_writer, true)
    }

    /// Those that came first, of each account one, as many as one transaction takes; none when nobody waits, and then whoever
    /// comes next begins to write. What an account asks beside waits, and of the first [`LOOKED_AT`] holds up no other.
    fn group(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let (mut group, mut accounts, mut bytes, mut changes) = (Vec::new(), BTreeSet::new(), 0, 0);
        let mut place = 0;
        while let Some(next) = line.waiting.get(place).filter(|_| place < LOOKED_AT && group.len() < GROUP) {
            if accounts.contains(&next.write.account) {
                place += 1;
                continue;
            }
            bytes += size(next);
            changes += next.write.changes.len();
            if !group.is_empty() && (bytes > GROUP_BYTES || changes > GROUP_CHANGES) {
                break;
            }
            accounts.insert(next.write.account);
            group.extend(line.waiting.remove(place));
        }
        line.has_writer = !group.is_empty();
        group
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that writes. If it is dropped before it has ended, whoever waits is told so, and the next begins anew.
struct Writing {
    database: Database,
    ended: bool,
}

impl Writing {
    async fn until_nobody_waits(mut self) {
        loop {
            let group = self.database.pushes.group();
            let Some(first) = group.first() else {
                self.ended = true;
                return;
            };
            let span = first.span.clone();
            write_group(&self.database, group).instrument(span).await;
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.ended {
            // Whoever is told wakes up, and may come back at once: not while the line is held.
            let given_up = mem::take(&mut *self.database.pushes.line());
            drop(given_up);
        }
    }
}

/// Nobody is told anything before all of it is durable.
async fn write_group(database: &Database, group: Vec<Waiting>) {
    let (askers, writes): (Vec<_>, Vec<_>) = group.into_iter().map(|waiting| (waiting.answer, waiting.write)).unzip();
    let answers = write_all(database, &writes).await.unwrap_or_else(|error| {
        let failed = || StorageError::Unavailable(error.to_string().into());
        askers.iter().map(|_| Err(failed())).collect()
    });
    for (asker, answer) in askers.into_iter().zip(answers) {
        // Who no longer waits asks again.
        let _ = asker.send(answer);
    }
}

async fn write_all(database: &Database, writes: &[PushWrite]) -> Result<Vec<Answer>, StorageError> {
    let together = write_in(database.write().await?, writes).await;
    match together {
        Ok(written) => return Ok(written.into_iter().map(Ok).collect()),
        Err(error) if writes.len() == 1 => return Err(error),
        Err(_) => {}
    }
    // What fails of one account leaves the others alone.
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        let alone = write_in(database.write().await?, std::slice::from_ref(write)).await;
        answers.push(alone.map(|written| written.first().copied().unwrap_or(Written::Moved)));
    }
    Ok(answers)
}

async fn write_in(transaction: DatabaseTransaction, writes: &[PushWrite]) -> Result<Vec<Written>, StorageError> {
    let written = push_within(&transaction, writes, Growth::New).await?;
    commit(transaction).await?;
    Ok(written)
}

fn size(waiting: &Waiting) -> usize {
    waiting.write.changes.iter().flat_map(|change| &change.envelope).map(Vec::len).sum()
}

fn given_up() -> StorageError {
    StorageError::Unavailable("the group that this write was in was given up".into())
}

/// Pushes of one transaction, bytes of their envelopes, and changes: a statement of SQLite has at most 32,766 values.
const GROUP: usize = 64;
const GROUP_CHANGES: usize = 2_000;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Of those that wait, so that a long line costs no more.
const LOOKED_AT: usize = 256;

#[cfg(test)]
mod tests {
    use keyfold_crypto::Hash;
    use keyfold_ledger::SetState;
    use keyfold_vault::storage::{AccountId, Heads};
    use keyfold_wire::v1::Signed;
    use tokio::runtime::Builder;

    use super::*;
    use crate::DatabaseUrl;

    /// The server pushes on its main runtime, which outlives its workers; this is for whoever does otherwise.
    #[test]
    fn when_the_one_that_writes_goes_away_others_are_told_and_the_next_writes() {
        let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (stays, goes) = (runtime(), runtime());
        let database =
            stays.block_on(Database::connect(&DatabaseUrl::file(&folder.path().join("keyfold.db")))).unwrap();
        stays.block_on(database.migrate()).unwrap();

        let mut first = Box::pin(database.pushes.push(&database, of(1)));
        assert!(goes.block_on(async { futures_util::poll!(&mut first) }).is_pending());
        let mut second = Box::pin(database.pushes.push(&database, of(1)));
        assert!(stays.block_on(async { futures_util::poll!(&mut second) }).is_pending());
        assert_eq!(database.pushes.depth(), 2);
        drop(goes);
        for waiting in [first, second] {
            assert!(matches!(stays.block_on(waiting), Err(StorageError::Unavailable(_))));
        }
        assert_eq!(stays.block_on(database.pushes.push(&database, of(1))).unwrap(), Written::Moved);
        assert_eq!(database.pushes.depth(), 0);
    }

    #[test]
    fn an_account_that_asks_a_lot_does_not_hold_up_the_others() {
        let queue = PushQueue::default();
        let join = |account, commit: u8| {
            let write = PushWrite { hash: Hash::new([commit; 32]), ..of(account) };
            queue.join(Waiting { write, answer: oneshot::channel().0, span: Span::none() })
        };
        let began: Vec<bool> =
            [(1, 1), (1, 2), (1, 3), (2, 4), (1, 5), (3, 6)].map(|(account, commit)| join(account, commit)).into();
        assert_eq!(began, [true, false, false, false, false, false]);
        let groups: Vec<Vec<Hash>> =
            (0..5).map(|_| queue.group().into_iter().map(|waiting| waiting.write.hash).collect()).collect();
        let commits = |numbers: &[u8]| -> Vec<Hash> { numbers.iter().map(|number| Hash::new([*number; 32])).collect() };
        assert_eq!(groups, [commits(&[1, 4, 6]), commits(&[2]), commits(&[3]), commits(&[5]), Vec::new()]);
        assert!(join(1, 7), "nobody writes after the last group");
    }

    /// Of an account that is not there.
    fn of(account: u8) -> PushWrite {
        PushWrite {
            account: AccountId::new([account; 16]),
            expected: Heads { roster_seq: 0, roster_head: Hash::ZERO, vault_seq: 0, vault_head: Hash::ZERO },
            hash: Hash::ZERO,
            commit: Signed::default(),
            at: 0,
            count: 0,
            elements: 0,
            bytes_added: 0,
            bytes_reclaimed: 0,
            set: SetState::empty(),
            changes: Vec::new(),
            purge_due: 0,
        }
    }
}
