use keyfold_crypto::exact;
use keyfold_ledger::{Chain, Entry, EntryError};
use keyfold_wire::{
    MemberId,
    v1::{self, Accepted, AppendEntry, ProblemCode, RenameDevice, roster_entry::Body},
};
use prost::Message;

use super::{ChainFailure, SyncEngine, SyncError, engine::MAX_RACES, engine::jitter, incoming::head};
use crate::{
    api::ApiError,
    device::DeviceName,
    storage::{Outbox, OutboxKind, SealedKey, SealedLink, Step, StorageError, Write},
    transport::TransportError,
    vault::{Held, VaultError},
};

/// Why an entry did not get into the roster.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another device changed the roster first. What was agreed over the old roster must be agreed anew.
    #[error("another device changed the list of devices meanwhile; start again")]
    RosterMoved,
    /// The entry itself is not one.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// No active device of the account has this id.
    #[error("there is no such device in the account")]
    NoSuchDevice,
    /// Sync failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// What travels beside an entry: the epoch key sealed to members, and earlier ones under it.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntryKeys {
    pub(crate) sealed: Vec<v1::SealedKey>,
    pub(crate) links: Vec<v1::EpochLink>,
}

impl EntryKeys {
    /// What this device keeps of its own entry's keys.
    fn writes(&self, entry: &Entry, device: &MemberId) -> Vec<Write> {
        let own = self.sealed.iter().filter(|key| key.member == device.as_bytes());
        let own = own.map(|key| SealedKey { roster_seq: entry.seq(), sealed: key.sealed.clone() });
        let links = self.links.iter().map(|link| SealedLink {
            roster_seq: entry.seq(),
            epoch: link.epoch,
            sealed: link.sealed.clone(),
        });
        own.map(Write::SealedKey).chain(links.map(Write::Link)).collect()
    }
}

/// What is known of an entry that [`SyncEngine::append_now`] sent.
#[derive(Debug)]
pub(crate) enum NotAppended {
    /// It does not stand.
    Refused(AppendError),
    /// It may stand: an answer was lost, and then nothing told.
    Unknown(SyncError),
}

/// Whether the server can have taken a message that it did not confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Known,
    Unknown,
}

impl Fate {
    fn after(self, error: &ApiError) -> Self {
        let known = match error {
            ApiError::Transport(error) => {
                matches!(error, TransportError::Unreachable(_) | TransportError::Untrusted(_))
            }
            ApiError::Refused(refusal) => refusal.code != ProblemCode::Internal,
            ApiError::BadAnswer(_) | ApiError::OtherUrl { .. } => false,
        };
        if known { self } else { Self::Unknown }
    }
}

/// Whether an attempt failed only because another device was faster.
pub(crate) trait RosterMoved: From<SyncError> {
    fn is_roster_moved(&self) -> bool;
}

impl RosterMoved for AppendError {
    fn is_roster_moved(&self) -> bool {
        matches!(self, Self::RosterMoved)
    }
}

impl AppendError {
    pub(super) fn into_sync(self) -> SyncError {
        match self {
            Self::Sync(error) => error,
            Self::RosterMoved => SyncError::Busy,
            Self::Entry(error) => VaultError::from(error).into(),
            Self::NoSuchDevice => VaultError::NotFound.into(),
        }
    }
}

impl From<ApiError> for AppendError {
    fn from(error: ApiError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<StorageError> for AppendError {
    fn from(error: StorageError) -> Self {
        Self::Sync(error.into())
    }
}

impl SyncEngine {
    /// Gives a device of the account another name.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn rename_device(&self, device: MemberId, name: &DeviceName) -> Result<(), AppendError> {
        let attempt = async |step: &Step, held: Held| {
            let (_, described) = held.roster.device(&device).ok_or(AppendError::NoSuchDevice)?;
            if described.description.name == name.as_str() {
                return Ok(());
            }
            let body = Body::RenameDevice(RenameDevice { device: device.to_vec(), name: name.as_str().to_owned() });
            let entry = self.sign_entry(&held, body)?;
            self.append(step, &held, entry, EntryKeys::default()).await
        };
        self.while_the_roster_moves(attempt).await
    }

    /// Attempts something on what a pull has just shown, and again if another device has moved the heads meanwhile.
    pub(crate) async fn while_the_roster_moves<E: RosterMoved>(
        &self,
        attempt: impl AsyncFn(&Step, Held) -> Result<(), E>,
    ) -> Result<(), E> {
        for race in 0..MAX_RACES {
            let step = self.storage().step().await.map_err(SyncError::from)?;
            self.check_condition().await?;
            self.pull(&step).await?;
            match attempt(&step, self.held().await?).await {
                Err(error) if error.is_roster_moved() => {}
                done => return done,
            }
            drop(step);
            tokio::time::sleep(jitter(race)).await;
        }
        Err(SyncError::Busy.into())
    }

    /// The next roster entry, signed by this device.
    pub(crate) fn sign_entry(&self, held: &Held, body: Body) -> Result<Entry, AppendError> {
        let account = held.account().ok_or(SyncError::NotCreated)?;
        let place = held.roster.next(self.api.anonymous().now(), account.vault().head());
        Ok(self.vault.keys().author.sign(&place, body)?)
    }

    /// Sends an entry, stored before it is sent. Returns once it stands in the roster, also if its answer was lost and a
    /// pull shows it.
    pub(crate) async fn append(
        &self,
        step: &Step,
        held: &Held,
        entry: Entry,
        keys: EntryKeys,
    ) -> Result<(), AppendError> {
        let message = message(&entry, &keys);
        let outbox = Outbox { kind: OutboxKind::Roster, message, edits: Vec::new() };
        self.storage().apply(step, vec![Write::PutOutbox(outbox.clone())]).await?;
        match self.send(&outbox.message).await.1 {
            Ok(accepted) => self.stands(step, held, &entry, &keys, accepted.as_ref()).await,
            Err(error) => {
                if error.is_final() {
                    self.storage().apply(step, vec![Write::ClearOutbox(OutboxKind::Roster)]).await?;
                }
                Err(self.refused_by(step, error).await.into())
            }
        }
    }

    /// Sends an entry that is good only while the person who agreed to it waits: nothing of it is kept, and no later sync
    /// sends it. Returns once it stands in the roster; where answers were lost, a pull tells.
    pub(crate) async fn append_now(
        &self,
        step: &Step,
        held: &Held,
        entry: Entry,
        keys: EntryKeys,
    ) -> Result<(), NotAppended> {
        let (fate, answer) = self.send(&message(&entry, &keys)).await;
        let (accepted, refused) = match answer {
            Ok(accepted) => (accepted, AppendError::RosterMoved),
            Err(error) if fate == Fate::Known => return Err(NotAppended::Refused(error.into())),
            Err(error) => (None, error.into()),
        };
        match self.stands(step, held, &entry, &keys, accepted.as_ref()).await {
            Ok(()) => Ok(()),
            Err(AppendError::RosterMoved) => Err(NotAppended::Refused(refused)),
            Err(error) => Err(NotAppended::Unknown(error.into_sync())),
        }
    }

    /// Sends the bytes of an `AppendEntry`, again while answers are lost. `None` where the head is elsewhere.
    async fn send(&self, message: &[u8]) -> (Fate, Result<Option<Accepted>, ApiError>) {
        let (mut attempt, mut fate) = (0, Fate::Known);
        loop {
            attempt += 1;
            let answer = match self.api.append(message).await {
                Ok(accepted) => Ok(Some(accepted)),
                Err(error) if error.code() == Some(ProblemCode::HeadMoved) => Ok(None),
                Err(error) => {
                    fate = fate.after(&error);
                    Err(error)
                }
            };
            match answer {
                Err(ApiError::Transport(_)) if attempt < MAX_SENDS => {}
                answer => return (fate, answer),
            }
        }
    }

    /// Whether the entry stands: as the server's head, or as a pull shows it in its history.
    pub(super) async fn stands(
        &self,
        step: &Step,
        held: &Held,
        entry: &Entry,
        keys: &EntryKeys,
        accepted: Option<&Accepted>,
    ) -> Result<(), AppendError> {
        if let Some(accepted) = accepted
            && self.took(step, held, entry, keys, accepted).await?
        {
            return Ok(());
        }
        self.pull(step).await?;
        let held = self.held().await?;
        let stands = held.entries.iter().any(|held| held.hash() == entry.hash());
        if stands { Ok(()) } else { Err(AppendError::RosterMoved) }
    }

    /// Takes this device's own entry into its roster, if the server's head is that entry.
    async fn took(
        &self,
        step: &Step,
        held: &Held,
        entry: &Entry,
        keys: &EntryKeys,
        accepted: &Accepted,
    ) -> Result<bool, AppendError> {
        let heads = accepted.heads.as_ref().ok_or(ApiError::BadAnswer("no heads"))?;
        let account = held.account().ok_or(SyncError::NotCreated)?;
        if heads.roster_seq != entry.seq() {
            return Ok(false);
        }
        let appended = account.append(entry).map_err(ChainFailure::from);
        let received = appended.and_then(|after| {
            let roster_head = head(&after, Chain::Roster, heads.roster_receipt.as_ref())?;
            Ok((roster_head, head(&after, Chain::Vault, heads.vault_receipt.as_ref())?))
        });
        let (roster_head, vault_head) = match received {
            Ok(received) => received,
            Err(failure) => return Err(self.stop(step, &failure).await.into()),
        };
        let mut writes = vec![
            Write::Entry { seq: entry.seq(), entry: entry.signed().clone() },
            Write::Head(Chain::Roster, roster_head),
            Write::Head(Chain::Vault, vault_head),
            Write::ClearOutbox(OutboxKind::Roster),
        ];
        writes.extend(keys.writes(entry, &self.vault.keys().id()));
        self.storage().apply(step, writes).await?;
        Ok(true)
    }

    /// Sends an entry again whose answer was lost, if it can still be the next.
    pub(crate) async fn resend_entry(&self, step: &Step) -> Result<(), AppendError> {
        let Some(outbox) = self.storage().outbox(OutboxKind::Roster).await? else { return Ok(()) };
        let damaged = || SyncError::from(VaultError::Damaged("the outbox holds no entry".to_owned()));
        let message: AppendEntry = exact::decode(&outbox.message, usize::MAX).map_err(|_| damaged())?;
        let entry = Entry::parse(&message.entry.ok_or_else(damaged)?)?;
        let keys = EntryKeys { sealed: message.sealed_keys, links: message.links };
        match self.append(step, &self.held().await?, entry, keys).await {
            Ok(()) | Err(AppendError::RosterMoved) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn message(entry: &Entry, keys: &EntryKeys) -> Vec<u8> {
    let EntryKeys { sealed, links } = keys.clone();
    AppendEntry { entry: Some(entry.signed().clone()), sealed_keys: sealed, links }.encode_to_vec()
}

/// Attempts to send an entry while answers are lost; a repeated entry is accepted as the one that it is.
const MAX_SENDS: u32 = 3;
