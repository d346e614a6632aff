use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use keyfold_vault::storage::{PushWrite, StorageError, Written};
use sea_orm::DatabaseTransaction;
use tokio::sync::{
    Mutex as Turn,
    oneshot::{self, error::TryRecvError},
};

use super::{chains::Growth, push::push_within};
use crate::{Database, transaction::commit};

/// Pushes that wait for SQLite's only writer. Whoever has it writes those that wait in one transaction, since what a
/// commit to the disk costs it costs once, however many accounts it is for.
///
/// On PostgreSQL pushes do not wait for each other, and the database itself writes its log for many at once; there every
/// transaction stays within one account.
#[derive(Debug, Default)]
pub(crate) struct PushQueue {
    waiting: Mutex<VecDeque<Waiting>>,
    turn: Turn<()>,
}

#[derive(Debug)]
struct Waiting {
    write: PushWrite,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Written, StorageError>;

impl PushQueue {
    /// Writes a commit, with others or alone, durably. To give up the wait leaves it undecided whether it is written.
    pub(super) async fn push(&self, database: &Database, write: PushWrite) -> Answer {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push_back(Waiting { write, answer });
        let _turn = self.turn.lock().await;
        loop {
            // Whoever had the turn before may have written this one too.
            match answered.try_recv() {
                Ok(answer) => return answer,
                Err(TryRecvError::Closed) => return Err(given_up()),
                Err(TryRecvError::Empty) => write_group(database, self.group()).await,
            }
        }
    }

    /// How many wait.
    pub(crate) fn depth(&self) -> usize {
        self.waiting().len()
    }

    /// Those that came first, as many as one transaction takes; one at least.
    fn group(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let (mut group, mut bytes) = (Vec::new(), 0);
        let mut changes = 0;
        while let Some(next) = waiting.pop_front_if(|next| {
            let fits = bytes + size(next) <= GROUP_BYTES && changes + next.write.changes.len() <= GROUP_CHANGES;
            group.is_empty() || fits
        }) {
            bytes += size(&next);
            changes += next.write.changes.len();
            group.push(next);
            if group.len() == GROUP {
                break;
            }
        }
        group
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
