use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use keyfold_vault::storage::{PushWrite, StorageError, Written};
use sea_orm::TransactionTrait;
use tokio::sync::{
    Mutex as Turn,
    oneshot::{self, error::TryRecvError},
};

use super::{chains::Growth, push::push_within};
use crate::{Database, error::unavailable, transaction::commit};

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
        while let Some(next) = waiting.pop_front_if(|next| group.is_empty() || bytes + size(next) <= GROUP_BYTES) {
            bytes += size(&next);
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
    let (mut askers, mut writes) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
    for Waiting { write, answer } in group {
        askers.push(answer);
        writes.push(write);
    }
    let answers = write_all(database, writes).await.unwrap_or_else(|error| {
        let failed = || StorageError::Unavailable(error.to_string().into());
        askers.iter().map(|_| Err(failed())).collect()
    });
    for (asker, answer) in askers.into_iter().zip(answers) {
        // Who no longer waits asks again.
        let _ = asker.send(answer);
    }
}

async fn write_all(database: &Database, writes: Vec<PushWrite>) -> Result<Vec<Answer>, StorageError> {
    let transaction = database.write().await?;
    let mut answers = Vec::with_capacity(writes.len());
    if let [_] = writes.as_slice() {
        for write in writes {
            answers.push(Ok(push_within(&transaction, write, Growth::New).await?));
        }
    } else {
        for write in writes {
            // What fails of one account leaves the others alone.
            let savepoint = transaction.begin().await.map_err(unavailable)?;
            let answer = push_within(&savepoint, write, Growth::New).await;
            let ended = if answer.is_ok() { savepoint.commit().await } else { savepoint.rollback().await };
            ended.map_err(unavailable)?;
            answers.push(answer);
        }
    }
    commit(transaction).await?;
    Ok(answers)
}

fn size(waiting: &Waiting) -> usize {
    waiting.write.changes.iter().flat_map(|change| &change.envelope).map(Vec::len).sum()
}

fn given_up() -> StorageError {
    StorageError::Unavailable("the group that this write was in was given up".into())
}

/// Pushes of one transaction, and bytes of their envelopes.
const GROUP: usize = 64;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
