mod apply;
mod kept;

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use keyfold_client::{
    Chain, ItemId,
    storage::{
        AuthenticatorRecord, Chains, Edit, Farewell, Head, LockState, Mark, Outbox, OutboxKind, Past, Profile,
        Quarantined, Staged, Step, Storage, StorageError, StoredItem, Write,
    },
};
use keyfold_crypto::Hash;
use keyfold_ledger::Element;
use keyfold_wire::v1::Signed;

use kept::Kept;

/// A device's storage. Its clones are the same profile.
#[derive(Clone, Default)]
pub struct MemoryProfile {
    kept: Arc<Mutex<Kept>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryProfile {
    /// The profile as it is now, for a device of its own.
    pub fn copy(&self) -> Self {
        Self { kept: Arc::new(Mutex::new(self.kept().clone())), turn: Arc::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// All of it, or nothing.
    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let mut kept = self.kept();
        let mut changed = kept.clone();
        let done = change(&mut changed)?;
        *kept = changed;
        kept.changes += 1;
        Ok(done)
    }
}

#[async_trait]
impl Storage for MemoryProfile {
    async fn step(&self) -> Result<Step, StorageError> {
        Ok(Step::new(Arc::clone(&self.turn).lock_owned().await))
    }

    async fn glance(&self) -> Result<(Mark, LockState), StorageError> {
        let kept = self.kept();
        Ok((Mark::new(kept.changes), kept.lock.clone()))
    }

    async fn profile(&self) -> Result<Option<Profile>, StorageError> {
        Ok(self.kept().profile.clone())
    }

    async fn keyring_secrets(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.kept().keyring.clone())
    }

    async fn farewell(&self) -> Result<Option<Farewell>, StorageError> {
        Ok(self.kept().farewell.clone())
    }

    async fn lock_state(&self) -> Result<LockState, StorageError> {
        Ok(self.kept().lock.clone())
    }

    async fn count_guess(&self, seen: u32, at: u64) -> Result<bool, StorageError> {
        self.change(|kept| {
            let counts = kept.lock.guesses == seen;
            if counts {
                (kept.lock.guesses, kept.lock.guessed_at) = (seen.saturating_add(1), Some(at));
            }
            Ok(counts)
        })
    }

    async fn return_guess(&self) -> Result<(), StorageError> {
        self.change(|kept| {
            kept.lock.guesses = kept.lock.guesses.saturating_sub(1);
            Ok(())
        })
    }

    async fn opened(&self, at: u64) -> Result<(), StorageError> {
        self.change(|kept| {
            let idle_after = kept.lock.idle_after;
            kept.lock = LockState { idle_after, used_at: Some(at), ..LockState::default() };
            Ok(())
        })
    }

    async fn used(&self, at: u64) -> Result<(), StorageError> {
        self.change(|kept| {
            kept.lock.used_at = Some(at);
            Ok(())
        })
    }

    async fn lock_after(&self, idle: Option<u64>) -> Result<(), StorageError> {
        self.change(|kept| {
            kept.lock.idle_after = idle;
            Ok(())
        })
    }

    async fn authenticator_record(&self, record: AuthenticatorRecord) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.kept().authenticator.get(&record).cloned())
    }

    async fn replace_authenticator_record(
        &self,
        record: AuthenticatorRecord,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
    ) -> Result<bool, StorageError> {
        self.change(|kept| {
            let is_as_before = kept.authenticator.get(&record) == before.as_ref();
            match after {
                Some(after) if is_as_before => drop(kept.authenticator.insert(record, after)),
                None if is_as_before => drop(kept.authenticator.remove(&record)),
                _ => {}
            }
            Ok(is_as_before)
        })
    }

    async fn chains(&self) -> Result<Chains, StorageError> {
        Ok(self.kept().chains())
    }

    async fn commit_head(&self, seq: u64) -> Result<Option<Hash>, StorageError> {
        Ok(self.kept().commit(seq).map(|(head, _)| *head))
    }

    async fn receipt(&self, chain: Chain, seq: u64) -> Result<Option<Head>, StorageError> {
        Ok(self.kept().receipts.get(&(kept::order(chain), seq)).cloned())
    }

    async fn elements(&self, items: &[ItemId]) -> Result<Vec<Element>, StorageError> {
        let kept = self.kept();
        Ok(items.iter().filter_map(|item| kept.elements.get(item)).map(|(element, _)| *element).collect())
    }

    async fn items(&self) -> Result<Vec<StoredItem>, StorageError> {
        let kept = self.kept();
        Ok(kept.elements.values().map(|(element, _)| kept.stored_item(*element)).collect())
    }

    async fn item(&self, item: ItemId) -> Result<Option<StoredItem>, StorageError> {
        let kept = self.kept();
        Ok(kept.elements.get(&item).map(|(element, _)| kept.stored_item(*element)))
    }

    async fn history(&self, item: ItemId) -> Result<Vec<Past>, StorageError> {
        Ok(self.kept().history(item))
    }

    async fn proof(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.kept().proof.clone())
    }

    async fn looked_for_purges(&self) -> Result<Option<u64>, StorageError> {
        Ok(self.kept().looked_for_purges)
    }

    async fn quarantined(&self, reason: &str) -> Result<Vec<Quarantined>, StorageError> {
        Ok(self.kept().quarantined(reason))
    }

    async fn first_quarantined(&self, item: ItemId, reason: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.kept().first_quarantined(item, reason))
    }

    async fn of_earlier_epochs(&self, epoch: u64, limit: usize) -> Result<Vec<ItemId>, StorageError> {
        let mut earlier = self.kept().of_earlier_epochs(epoch);
        earlier.truncate(limit);
        Ok(earlier)
    }

    async fn count_of_earlier_epochs(&self, epoch: u64) -> Result<u64, StorageError> {
        Ok(u64::try_from(self.kept().of_earlier_epochs(epoch).len()).unwrap())
    }

    async fn commit(&self, seq: u64) -> Result<Option<Signed>, StorageError> {
        Ok(self.kept().commit(seq).map(|(_, signed)| signed.clone()))
    }

    async fn envelope(&self, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.kept().envelope(&hash).map(<[u8]>::to_vec))
    }

    async fn edits(&self) -> Result<Vec<Edit>, StorageError> {
        let kept = self.kept();
        let edit =
            |(id, (item, sealed)): (&i64, &(ItemId, Vec<u8>))| Edit { id: *id, item: *item, sealed: sealed.clone() };
        Ok(kept.edits.iter().map(edit).collect())
    }

    async fn count_edits(&self) -> Result<u64, StorageError> {
        Ok(u64::try_from(self.kept().edits.len()).unwrap())
    }

    async fn add_edits(&self, edits: Vec<(ItemId, Vec<u8>)>) -> Result<(), StorageError> {
        self.change(|kept| {
            kept.add_edits(edits);
            Ok(())
        })
    }

    async fn outbox(&self, kind: OutboxKind) -> Result<Option<Outbox>, StorageError> {
        Ok(self.kept().outbox.iter().find(|outbox| outbox.kind == kind).cloned())
    }

    async fn enrolment(&self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.kept().enrolment.clone())
    }

    async fn enrolment_failures(&self, since: u64) -> Result<u32, StorageError> {
        let failures = self.kept().enrolment_failures.iter().filter(|at| **at >= since).count();
        Ok(u32::try_from(failures).unwrap())
    }

    async fn add_enrolment_failure(&self, at: u64) -> Result<(), StorageError> {
        self.change(|kept| {
            kept.enrolment_failures.push(at);
            Ok(())
        })
    }

    async fn stage(&self, _: &Step, staged: Vec<Staged>) -> Result<(), StorageError> {
        self.change(|kept| {
            staged.into_iter().for_each(|staged| kept.stage(staged));
            Ok(())
        })
    }

    async fn apply(&self, _: &Step, writes: Vec<Write>) -> Result<(), StorageError> {
        self.change(|kept| kept.apply(writes))
    }
}
