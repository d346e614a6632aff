use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use keyfold_vault::storage::{AccountId, StorageError};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::postgres_session;
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

    /// The account of which one goes at a time, if that is so: its others wait for their turns behind everybody else's.
    fn one_of(&self) -> Option<AccountId> {
        None
    }

    /// Whether it goes with those that came before; if so, `load` has it now too. An empty group takes every one, and what
    /// does not fit ends a group.
    fn fits(&self, load: &mut Self::Load) -> bool;

    /// Does it; the answers are in the order of the group. What fails for several is tried for each of them alone.
    fn together(
        database: &Database,
        session: &mut Self::Session,
        group: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StorageError>> + Send;
}

#[derive(Debug)]
struct Places<W: Work> {
    order: VecDeque<Place<W>>,
    /// Of each account that stands in the order, those that wait; never none.
    accounts: BTreeMap<AccountId, VecDeque<Waiting<W>>>,
    /// Whether there is a task that works.
    is_served: bool,
}

#[derive(Debug)]
enum Place<W: Work> {
    One(Waiting<W>),
    /// The first of this account's.
    Account(AccountId),
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
        let places = self.places();
        let ones = places.order.len() - places.accounts.len();
        ones + places.accounts.values().map(VecDeque::len).sum::<usize>()
    }

    /// Takes a place; whether somebody must begin to serve.
    fn join(&self, waiting: Waiting<W>) -> bool {
        let mut places = self.places();
        places.add(waiting);
        !mem::replace(&mut places.is_served, true)
    }

    /// Those whose turn it is and who go together; none when nobody waits, and then whoever comes next begins to serve.
    fn group(&self) -> Vec<Waiting<W>> {
        let mut places = self.places();
        let group = places.group();
        places.is_served = !group.is_empty();
        group
    }

    fn places(&self) -> MutexGuard<'_, Places<W>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Work> Places<W> {
    fn add(&mut self, waiting: Waiting<W>) {
        let Some(account) = waiting.work.one_of() else { return self.order.push_back(Place::One(waiting)) };
        let of_account = self.accounts.entry(account).or_default();
        if of_account.is_empty() {
            self.order.push_back(Place::Account(account));
        }
        of_account.push_back(waiting);
    }

    /// Whoever stands in the order has one turn.
    fn group(&mut self) -> Vec<Waiting<W>> {
        let (mut group, mut load) = (Vec::new(), W::Load::default());
        for _ in 0..self.order.len() {
            let next = match self.order.front() {
                Some(Place::One(one)) => Some(one),
                Some(Place::Account(account)) => self.accounts.get(account).and_then(VecDeque::front),
                None => None,
            };
            if next.is_some_and(|next| !next.work.fits(&mut load)) {
                break;
            }
            group.extend(self.take_first());
        }
        group
    }

    fn take_first(&mut self) -> Option<Waiting<W>> {
        let account = match self.order.pop_front()? {
            Place::One(one) => return Some(one),
            Place::Account(account) => account,
        };
        let of_account = self.accounts.get_mut(&account)?;
        let first = of_account.pop_front();
        if of_account.is_empty() {
            self.accounts.remove(&account);
        } else {
            self.order.push_back(Place::Account(account));
        }
        first
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
        Self { order: VecDeque::new(), accounts: BTreeMap::new(), is_served: false }
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
        Err(error) if NoAnswer::is(&error) && !postgres_session::answers(database).await => {
            group.iter().map(|_| Err(unavailable(NoAnswer))).collect()
        }
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
    fn each_account_has_its_turn_and_its_pushes_go_in_the_order_in_which_they_came() {
        let line = Line::default();
        for commit in 0..100 {
            join(&line, 0, commit);
        }
        let mut served = Vec::new();
        // Two accounts more than go at once, and more of each keep coming than can go.
        for _ in 0..104 {
            for account in 0..66 {
                join(&line, account, 255);
            }
            let group = commits(line.group());
            assert_eq!(group.len(), 64);
            served.extend(group.into_iter().filter(|commit| *commit != 255));
        }
        assert_eq!(served, Vec::from_iter(0..100));
        assert_eq!(line.depth(), 100 + 104 * (66 - 64));
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
