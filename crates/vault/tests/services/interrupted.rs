//! A database whose answers can be held up, so that something else happens first.

use std::sync::Mutex;

use async_trait::async_trait;
use keyfold_store::Database;
use keyfold_vault::storage::{
    AccountId, AccountStorage, AppendWrite, Appended, ChainStorage, Claim, CommitRow, Created, Cursor, Deleted,
    Deletion, EnrolmentId, EnrolmentRow, EnrolmentStorage, EntryRow, Fences, GuessStorage, GuessWindow, Hash,
    InviteHash, InviteRow, InviteStorage, ItemId, KeyKind, MemberId, NewAccount, NewEnrolment, NonceStorage, Offered,
    PullStorage, PushBase, PushWrite, RevisionRow, RosterNews, RosterNewsStorage, ServerKey, ServerKeyStorage, Span,
    Standing, StorageError, Swept, Taken, Upkeep, Written,
};
use tokio::sync::oneshot;

pub(crate) struct Interrupted {
    inner: Database,
    stop: Mutex<Option<Stop>>,
}

struct Stop {
    method: &'static str,
    reached: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A call that will be held up.
pub(crate) struct Stopped {
    reached: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

/// A call that is held up.
pub(crate) struct Waiting(oneshot::Sender<()>);

impl Interrupted {
    pub(crate) fn new(inner: Database) -> Self {
        Self { inner, stop: Mutex::default() }
    }

    /// The next call of this method has its answer, and waits with it.
    pub(crate) fn stop_after(&self, method: &'static str) -> Stopped {
        let (reached, is_reached) = oneshot::channel();
        let (go, goes) = oneshot::channel();
        *self.stop.lock().unwrap() = Some(Stop { method, reached, go: goes });
        Stopped { reached: is_reached, go }
    }

    async fn pass(&self, method: &str) {
        let stop = self.stop.lock().unwrap().take_if(|stop| stop.method == method);
        if let Some(stop) = stop {
            stop.reached.send(()).unwrap();
            stop.go.await.unwrap();
        }
    }
}

impl Stopped {
    pub(crate) async fn reached(self) -> Waiting {
        self.reached.await.unwrap();
        Waiting(self.go)
    }
}

impl Waiting {
    pub(crate) fn go(self) {
        self.0.send(()).unwrap();
    }
}

macro_rules! hold_up {
    ($($storage:ident { $($method:ident($($name:ident: $type:ty),*) -> $answer:ty;)* })*) => {$(
        #[async_trait]
        impl $storage for Interrupted {$(
            async fn $method(&self, $($name: $type),*) -> Result<$answer, StorageError> {
                let answer = self.inner.$method($($name),*).await;
                self.pass(stringify!($method)).await;
                answer
            }
        )*}
    )*};
}

hold_up! {
    AccountStorage {
        create_account(account: NewAccount) -> Created;
        standing(account: AccountId) -> Standing;
        accounts_by_recovery(lookup: Hash, limit: u64) -> Vec<AccountId>;
        delete_account(deletion: Deletion) -> Deleted;
    }
    ChainStorage {
        append(write: AppendWrite) -> Appended;
        push_base(account: AccountId, items: &[ItemId]) -> Option<PushBase>;
        push(write: PushWrite) -> Written;
        fence(account: AccountId, before: &Fences, after: &Fences) -> Written;
        offer(steps: Vec<Offered>) -> Taken;
    }
    PullStorage {
        entries(account: AccountId, span: Span, member: Option<MemberId>, limit: u64) -> Vec<EntryRow>;
        entry(account: AccountId, seq: u64) -> Option<EntryRow>;
        commits(account: AccountId, span: Span, limit: u64) -> Vec<CommitRow>;
        commit(account: AccountId, seq: u64) -> Option<CommitRow>;
        changed(account: AccountId, span: Span, cursor: Option<Cursor>, limit: u64) -> Vec<RevisionRow>;
        envelopes(account: AccountId, revisions: &[(ItemId, u64)]) -> Vec<(ItemId, u64, Vec<u8>)>;
    }
    EnrolmentStorage {
        begin_enrolment(enrolment: NewEnrolment) -> bool;
        enrolment(enrolment: EnrolmentId) -> Option<EnrolmentRow>;
        enrolment_by_code(short_code: &str) -> Option<EnrolmentRow>;
        approve(id: EnrolmentId, claim: Claim, approval: &[u8], now: u64) -> bool;
        open(id: EnrolmentId, opening: &[u8], now: u64) -> bool;
        complete(id: EnrolmentId, completion: &[u8], expires_after: u64) -> bool;
        fail(id: EnrolmentId) -> bool;
    }
    GuessStorage {
        count_guess(account: AccountId, device: MemberId, window: GuessWindow, now: u64) -> bool;
        return_guess(account: AccountId, device: MemberId) -> ();
    }
    NonceStorage {
        use_nonce(account: AccountId, nonce: [u8; 16], expires_at: u64) -> bool;
    }
    InviteStorage {
        add_invite(hash: InviteHash, created_at: u64, expires_at: u64) -> ();
        invites(limit: u64) -> Vec<InviteRow>;
    }
    ServerKeyStorage {
        server_keys(kind: KeyKind) -> Vec<ServerKey>;
        add_server_key(kind: KeyKind, key: ServerKey) -> bool;
        retire_server_keys(kind: KeyKind, kid: u32) -> ();
    }
    RosterNewsStorage {
        roster_news(after: Option<AccountId>, limit: u64) -> Vec<RosterNews>;
        heard(news: RosterNews) -> ();
    }
    Upkeep {
        sweep(now: u64) -> Swept;
        ping() -> ();
    }
}
