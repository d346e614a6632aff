use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use keyfold_vault::storage::StorageError;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::{
    Database,
    error::{NoAnswer, unavailable},
};

/// Those who wait for what costs as much for several as for one. One task does it for those that wait, and goes on until
/// nobody waits, since to hand the turn from one that waits to the next takes longer than what it waits for.
#[derive(Debug)]
pub(crate) struct Line<W: Work> {
    places: Mutex<Places<W>>,
}

/// What is done for several at once.
pub(crate) trait Work: fmt::Debug + Sized + Send + Sync + 'static {
    /// What one of them is told.
    type Answer: fmt::Debug + Send + 'static;
    /// What a group has so far.
    type Load: Default;
    /// What whoever serves keeps from group to group.
    type Session: Default + Send;

    /// The line in which it waits.
    fn line(database: &Database) -> &Line<Self>;

    /// Whether it goes with those that came before; if so, `load` has it now too. An empty group takes every one.
    fn fit(&self, load: &mut Self::Load) -> Fit;

    /// Does it; the answers are in the order of the group. What fails for several is tried for each of them alone.
    fn together(
        database: &Database,
        session: &mut Self::Session,
        group: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StorageError>> + Send;
}

/// Whether one that waits goes with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Goes,
    /// Not with this group, but who stands behind it may.
    Waits,
    /// The group is full.
    Full,
}

#[derive(Debug)]
struct Places<W: Work> {
    waiting: VecDeque<Waiting<W>>,
    /// Whether there is a task that works.
    is_served: bool,
}

#[derive(Debug)]
struct Waiting<W: Work> {
    work: W,
    answer: oneshot::Sender<Result<W::Answer, StorageError>>,
    span: Span,
}

impl<W: Work> Line<W> {
    /// Has it done, with others or alone. To give up the wait leaves it undecided whether it is done.
    pub(super) async fn wait(database: &Database, work: W) -> Result<W::Answer, StorageError> {
        let (answer, answered) = oneshot::channel();
        if W::line(database).join(Waiting { work, answer, span: Span::current() }) {
            let serving = Serving::<W> { database: database.clone(), ended: false, _line: PhantomData };
            tokio::spawn(serving.until_nobody_waits());
        }
        answered.await.unwrap_or_else(|_| Err(given_up()))
    }

    /// How many wait.
    pub(crate) fn depth(&self) -> usize {
        self.places().waiting.len()
    }

    /// Takes a place; whether somebody must begin to serve.
    fn join(&self, waiting: Waiting<W>) -> bool {
        let mut places = self.places();
        places.waiting.push_back(waiting);
        !mem::replace(&mut places.is_served, true)
    }

    /// Those that came first and go together; none when nobody waits, and then whoever comes next begins to serve. Of the
    /// first [`LOOKED_AT`], those that have to wait go behind all others, in their order.
    fn group(&self) -> Vec<Waiting<W>> {
        let mut places = self.places();
        let (mut group, mut later, mut load) = (Vec::new(), Vec::new(), W::Load::default());
        for _ in 0..LOOKED_AT {
            let Some(next) = places.waiting.front() else { break };
            match next.work.fit(&mut load) {
                Fit::Goes => group.extend(places.waiting.pop_front()),
                Fit::Waits => later.extend(places.waiting.pop_front()),
                Fit::Full => break,
            }
        }
        places.waiting.extend(later);
        places.is_served = !group.is_empty();
        group
    }

    fn places(&self) -> MutexGuard<'_, Places<W>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl<W: Work> Waiting<W> {
    /// Nobody waits for the answer.
    fn unheard(work: W) -> Self {
        Self { work, answer: oneshot::channel().0, span: Span::none() }
    }
}

impl<W: Work> Default for Line<W> {
    fn default() -> Self {
        Self { places: Mutex::default() }
    }
}

impl<W: Work> Default for Places<W> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), is_served: false }
    }
}

/// The task that serves. If it is dropped before it has ended, whoever waits is told so, and the next begins anew.
struct Serving<W: Work> {
    database: Database,
    ended: bool,
    _line: PhantomData<fn() -> W>,
}

impl<W: Work> Serving<W> {
    async fn until_nobody_waits(mut self) {
        let mut session = W::Session::default();
        loop {
            let group = W::line(&self.database).group();
            let Some(first) = group.first() else {
                self.ended = true;
                return;
            };
            let span = first.span.clone();
            serve(&self.database, &mut session, group).instrument(span).await;
        }
    }
}

impl<W: Work> Drop for Serving<W> {
    fn drop(&mut self) {
        if !self.ended {
            // Whoever is told wakes up, and may come back at once: not while the line is held.
            let given_up = mem::take(&mut *W::line(&self.database).places());
            drop(given_up);
        }
    }
}

/// Nobody is told anything before it is done for all.
async fn serve<W: Work>(database: &Database, session: &mut W::Session, group: Vec<Waiting<W>>) {
    let (askers, group): (Vec<_>, Vec<_>) = group.into_iter().map(|waiting| (waiting.answer, waiting.work)).unzip();
    let answers = match W::together(database, session, &group).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) if group.len() == 1 => vec![Err(error)],
        // Nor would there be an answer for one alone: whoever waits is not to wait as long again.
        Err(error) if NoAnswer::is(&error) => group.iter().map(|_| Err(unavailable(NoAnswer))).collect(),
        // What fails of one leaves the others alone.
        Err(error) => {
            tracing::warn!(%error, "a group of {} failed: each is tried alone", group.len());
            join_all(group.iter().map(|work| alone(database, work))).await
        }
    };
    for (asker, answer) in askers.into_iter().zip(answers) {
        // Who no longer waits asks again.
        let _ = asker.send(answer);
    }
}

async fn alone<W: Work>(database: &Database, work: &W) -> Result<W::Answer, StorageError> {
    let session = &mut W::Session::default();
    W::together(database, session, std::slice::from_ref(work)).await?.pop().ok_or_else(given_up)
}

fn given_up() -> StorageError {
    StorageError::Unavailable("the group that this was in was given up".into())
}

/// Of those that wait, so that a long line costs no more.
const LOOKED_AT: usize = 256;

#[cfg(test)]
mod tests {
    use keyfold_crypto::Hash;
    use keyfold_ledger::SetState;
    use keyfold_vault::storage::{AccountId, Heads, PushWrite, Written};
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

        let mut first = Box::pin(Line::wait(&database, of(1)));
        assert!(goes.block_on(async { futures_util::poll!(&mut first) }).is_pending());
        let mut second = Box::pin(Line::wait(&database, of(1)));
        assert!(stays.block_on(async { futures_util::poll!(&mut second) }).is_pending());
        assert_eq!(database.lines.pushes.depth(), 2);
        drop(goes);
        for waiting in [first, second] {
            assert!(matches!(stays.block_on(waiting), Err(StorageError::Unavailable(_))));
        }
        assert_eq!(stays.block_on(Line::wait(&database, of(1))).unwrap(), Written::Moved);
        assert_eq!(database.lines.pushes.depth(), 0);
    }

    #[test]
    fn an_account_that_asks_a_lot_does_not_hold_up_the_others() {
        let line = Line::default();
        assert!(join(&line, 1, 1));
        for (account, commit) in [(1, 2), (1, 3), (2, 4), (1, 5), (3, 6)] {
            assert!(!join(&line, account, commit), "there is somebody who serves");
        }
        let groups: Vec<Vec<u8>> = (0..5).map(|_| commits(line.group())).collect();
        assert_eq!(groups, [vec![1, 4, 6], vec![2], vec![3], vec![5], vec![]]);
        assert!(join(&line, 1, 7), "nobody writes after the last group");
    }

    #[test]
    fn not_even_one_that_asks_more_than_is_looked_at_holds_up_the_others() {
        let line = Line::default();
        for _ in 0..3 * LOOKED_AT {
            join(&line, 1, 1);
        }
        join(&line, 2, 2);
        join(&line, 3, 3);
        assert_eq!([commits(line.group()), commits(line.group()), commits(line.group())], [[1], [1], [1]]);
        assert_eq!(commits(line.group()), [2, 3, 1]);
        assert_eq!(line.depth(), 3 * LOOKED_AT - 4);
    }

    /// This commit of this account waits; whether somebody must begin to serve.
    fn join(line: &Line<PushWrite>, account: u8, commit: u8) -> bool {
        line.join(Waiting::unheard(PushWrite { hash: Hash::new([commit; 32]), ..of(account) }))
    }

    fn commits(group: Vec<Waiting<PushWrite>>) -> Vec<u8> {
        group.into_iter().map(|waiting| waiting.work.hash.as_bytes()[0]).collect()
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
