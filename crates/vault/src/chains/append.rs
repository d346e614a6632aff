use std::sync::Arc;

use keyfold_ledger::{Body, Entry, EntryError, MAX_AHEAD, Roster, RosterError, Transcript};
use keyfold_wire::v1::{Accepted, AppendEntry};

use super::{Behind, Chains, NotBehind, NotItsTurn, Stale, turns::aim};
use crate::{
    AccountUnavailable, Caller, LimitError, SealedError,
    clock::MINUTE,
    enrolments::AddDeviceRefused,
    limits::is_always_let_in,
    quota,
    recovery::lookup_change,
    sealed::{check_keys, check_links},
    storage::{AppendWrite, Appended, Heads, StorageError, UsedEnrolment},
};

/// Why a roster entry is not appended. Nothing was written, unless storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Not an entry.
    #[error(transparent)]
    Form(#[from] EntryError),
    /// Another write came first.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// Another device has its turn to write.
    #[error(transparent)]
    NotItsTurn(#[from] NotItsTurn),
    /// The account waits for what its devices hold beyond the server.
    #[error(transparent)]
    Behind(#[from] Behind),
    /// There is no wait for offers that could be ended.
    #[error(transparent)]
    NotBehind(#[from] NotBehind),
    /// Only a rotation ends the wait.
    #[error("the wait for offers is ended by a rotation: every member needs a key")]
    NotARotation,
    /// The caller is not an active device.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// The entry is another device's.
    #[error("a device appends only entries that it has authored itself")]
    OtherAuthor,
    /// The log key in it is not this server's.
    #[error("the log key in the entry is not this server's")]
    OtherLogKey,
    /// A rule of the roster does not hold.
    #[error(transparent)]
    Rule(#[from] RosterError),
    /// `at` goes back, or is too far ahead.
    #[error("the entry's time is before the one before it, or more than five minutes ahead of the server")]
    BadTime,
    /// The sealed keys or links are not those that the entry lists.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// AddDevice is not the outcome of a live enrolment.
    #[error(transparent)]
    Enrolment(#[from] AddDeviceRefused),
    /// The account has as much as it may have.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// There is no account.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What an entry does to the wait for offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Nothing: there is none.
    IsOver,
    /// It ends it.
    Ends,
}

/// An entry that may stand.
struct Checked {
    /// The roster after it.
    next: Roster,
    enrolment: Option<UsedEnrolment>,
}

impl Chains {
    /// Appends a roster entry and keeps the sealed keys and links that it lists. The same entry again gets the same
    /// answer.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn append(&self, caller: &Caller, message: AppendEntry) -> Result<Accepted, AppendError> {
        self.append_while(caller, message, Wait::IsOver).await
    }

    /// Ends the wait for offers by the caller's own rotation, which names both heads that its user agreed to and gives every
    /// member a key: one signed entry, and from it on the account grows again. The same entry again gets the same answer.
    ///
    /// # Errors
    /// [`AppendError`].
    pub async fn end_offers(&self, caller: &Caller, message: AppendEntry) -> Result<Accepted, AppendError> {
        self.append_while(caller, message, Wait::Ends).await
    }

    async fn append_while(&self, caller: &Caller, message: AppendEntry, wait: Wait) -> Result<Accepted, AppendError> {
        let entry = Entry::parse(message.entry.as_ref().ok_or(EntryError::Missing("entry"))?)?;
        let base = self.base(caller.account, &[]).await?;
        let heads = base.heads;
        let roster = self.rosters.at(caller.account, &heads).await?;
        // The recovery member as well: what it may author the roster says.
        roster.members().get(&caller.device).ok_or(AppendError::NotAMember)?;
        if let Some(answer) = self.appended_before(caller, &entry, &heads).await? {
            return Ok(answer);
        }
        match (wait, base.behind) {
            (Wait::IsOver, true) => return Err(self.behind(caller.account, &heads).into()),
            (Wait::Ends, false) => return Err(self.not_behind(caller.account, &heads).into()),
            (Wait::Ends, true) if !matches!(entry.body(), Body::Rotate(_)) => return Err(AppendError::NotARotation),
            (Wait::Ends, true) | (Wait::IsOver, false) => {}
        }
        self.check_turn(caller, &base, &roster, aim(entry.body()))?;
        if entry.prev() != heads.roster_head || entry.vault_head() != heads.vault_head {
            return Err(self.too_late(caller, &entry, &roster, &heads).await?.into());
        }
        let Checked { next, enrolment } = self.check_entry(caller, &entry, &roster).await?;
        let sealed_keys = check_keys(&entry, message.sealed_keys)?;
        let links = check_links(&entry, message.links)?;
        let bytes_added = quota::entry(entry.signed(), &sealed_keys, &links);
        let bytes_used = base.bytes_used.saturating_add(bytes_added);
        if bytes_used > self.limits.account_bytes && !is_always_let_in(entry.body()) {
            return Err(LimitError::AccountBytes(self.limits.account_bytes).into());
        }
        let write = AppendWrite {
            account: caller.account,
            expected: heads,
            hash: entry.hash(),
            entry: entry.signed().clone(),
            sealed_keys,
            links,
            bytes_added,
            enrolment,
            ends_offers: wait == Wait::Ends,
            fences: base.fences.ended_by(&caller.device, self.clock.now()),
            lookup: lookup_change(entry.body(), roster.recovery().map(|(member, _)| member).as_ref()),
        };
        let begun_at = self.clock.now();
        match self.storage.append(write).await? {
            Appended::Done => {
                let heads = Heads { roster_seq: entry.seq(), roster_head: entry.hash(), ..heads };
                let heads = self.heads.accepted(caller.account, heads, &next, begun_at);
                self.rosters.keep(Arc::new(next));
                Ok(Accepted { heads: Some(heads) })
            }
            Appended::Moved => {
                let (heads, roster) = self.rosters.current(caller.account).await?;
                Err(self.too_late(caller, &entry, &roster, &heads).await?.into())
            }
            Appended::EnrolmentEnded => Err(AddDeviceRefused::Ended.into()),
        }
    }

    async fn check_entry(&self, caller: &Caller, entry: &Entry, roster: &Roster) -> Result<Checked, AppendError> {
        if entry.author() != caller.device {
            return Err(AppendError::OtherAuthor);
        }
        if entry.at() > self.clock.now().saturating_add(MAX_AHEAD) {
            return Err(AppendError::BadTime);
        }
        if entry.seq() >= self.limits.roster_room(entry.body()) {
            return Err(LimitError::RosterEntries(self.limits.roster_entries).into());
        }
        self.check_body(entry.body())?;
        self.check_delay(entry, roster)?;
        let next = roster.append(entry).map_err(|error| match error {
            RosterError::TimeGoesBack => AppendError::BadTime,
            RosterError::TooManyDevices => LimitError::Devices(self.limits.devices).into(),
            rule => AppendError::Rule(rule),
        })?;
        let mut enrolment = None;
        if let Body::AddDevice(add) = entry.body()
            && matches!(add.transcript, Transcript::Enrolment { .. })
        {
            if next.devices().count() > self.limits.devices {
                return Err(LimitError::Devices(self.limits.devices).into());
            }
            enrolment = self.gate.admit(caller, add).await?;
        }
        Ok(Checked { next, enrolment })
    }

    /// Holds a recovery's delay against this server's clock: the chain knows only that time does not go back, and the delay
    /// could be spent beforehand.
    fn check_delay(&self, entry: &Entry, roster: &Roster) -> Result<(), AppendError> {
        let now = self.clock.now();
        match entry.body() {
            Body::RecoveryBegin(_) if entry.at().saturating_add(MINUTE) < now => Err(AppendError::BadTime),
            Body::AddDevice(add) if matches!(add.transcript, Transcript::Recovery { .. }) => {
                let is_due = roster.pending_recovery().is_none_or(|pending| pending.due_at <= now);
                if is_due { Ok(()) } else { Err(RosterError::TooEarly.into()) }
            }
            _ => Ok(()),
        }
    }

    /// What this server refuses, though the chain would take it.
    pub(super) fn check_body(&self, body: &Body) -> Result<(), AppendError> {
        match body {
            Body::ReplaceLogKey(log_key) if log_key != self.receipts.log_key() => Err(AppendError::OtherLogKey),
            _ => Ok(()),
        }
    }

    /// The answer to an append that happened before, if there was one.
    async fn appended_before(
        &self,
        caller: &Caller,
        entry: &Entry,
        heads: &Heads,
    ) -> Result<Option<Accepted>, AppendError> {
        if entry.seq() == 0 || entry.seq() > heads.roster_seq {
            return Ok(None);
        }
        let stored = self.storage.entry(caller.account, entry.seq()).await?;
        let Some(stored) = stored.filter(|stored| stored.entry == *entry.signed()) else { return Ok(None) };
        self.heads.repeated(caller.account);
        let heads = Heads {
            roster_seq: entry.seq(),
            roster_head: entry.hash(),
            vault_seq: stored.vault_seq,
            vault_head: entry.vault_head(),
        };
        Ok(Some(Accepted { heads: Some(self.heads.message(caller.account, &heads)) }))
    }
}
