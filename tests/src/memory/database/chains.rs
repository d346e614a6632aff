use std::sync::Arc;

use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, AppendWrite, Appended, ChainStorage, EnrolmentStep, Fences, Heads, ItemId, KEPT_REVISIONS, LookupChange,
    Offered, PushBase, PushWrite, StorageError, Taken, Written,
};

use super::{
    MemoryDatabase,
    rows::{Account, Commit, Entry, Revision, Rows},
};

/// Which of a chain's writes one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// Something new.
    New,
    /// What a restored backup lost.
    Offered,
}

#[async_trait]
impl ChainStorage for MemoryDatabase {
    async fn append(&self, write: AppendWrite) -> Result<Appended, StorageError> {
        let growth = if write.ends_offers { Growth::Offered } else { Growth::New };
        Ok(self.rows().append(write, growth))
    }

    async fn push_base(&self, account: AccountId, items: &[ItemId]) -> Result<Option<PushBase>, StorageError> {
        let rows = self.rows();
        Ok(rows.accounts.get(&account).map(|account| PushBase {
            heads: account.heads,
            at: account.vault_at,
            count: account.count,
            elements: account.elements,
            bytes_used: account.bytes_used,
            set: account.set.clone(),
            behind: account.behind,
            fences: account.fences.clone(),
            changed: items.iter().filter_map(|item| account.latest(*item)).map(|latest| latest.element).collect(),
            reclaimed: items.iter().map(|item| account.reclaimed(*item)).sum(),
        }))
    }

    async fn push(&self, write: PushWrite) -> Result<Written, StorageError> {
        Ok(self.rows().push(write, Growth::New))
    }

    async fn fence(&self, account: AccountId, before: &Fences, after: &Fences) -> Result<Written, StorageError> {
        let mut rows = self.rows();
        match rows.account(account).filter(|account| account.fences == *before) {
            Some(account) => account.fences = after.clone(),
            None => return Ok(Written::Moved),
        }
        Ok(Written::Done)
    }

    async fn offer(&self, steps: Vec<Offered>) -> Result<Taken, StorageError> {
        let mut rows = self.rows();
        let mut offered = rows.clone();
        for step in steps {
            let taken = match step {
                Offered::Entry(write) => offered.append(write, Growth::Offered) == Appended::Done,
                Offered::Commit(mut write) => {
                    write.bytes_reclaimed = offered.reclaims(&write);
                    offered.push(write, Growth::Offered) == Written::Done
                }
            };
            if !taken {
                return Ok(Taken::Moved);
            }
        }
        *rows = offered;
        Ok(Taken::Done)
    }
}

impl Rows {
    /// The account, as long as it stands where the write was checked, and is behind only for what it lost.
    fn still_at(&mut self, account: AccountId, expected: &Heads, growth: Growth) -> Option<&mut Account> {
        let account = self.account(account)?;
        let same = account.heads.roster_head == expected.roster_head && account.heads.vault_head == expected.vault_head;
        (same && account.behind == (growth == Growth::Offered)).then_some(account)
    }

    fn append(&mut self, write: AppendWrite, growth: Growth) -> Appended {
        if self.still_at(write.account, &write.expected, growth).is_none() {
            return Appended::Moved;
        }
        if let Some(used) = write.enrolment
            && !self.take_step(used.enrolment, EnrolmentStep::Added, used.now, |_| {})
        {
            return Appended::EnrolmentEnded;
        }
        let Some(account) = self.account(write.account) else { return Appended::Moved };
        account.heads.roster_seq += 1;
        account.heads.roster_head = write.hash;
        account.bytes_used += write.bytes_added;
        account.behind = growth == Growth::Offered && !write.ends_offers;
        if let Some(fences) = write.fences {
            account.fences = fences;
        }
        match write.lookup {
            Some(LookupChange::Set(hash)) => account.lookup = Some(hash),
            Some(LookupChange::Cleared) => account.lookup = None,
            None => {}
        }
        account.entries.push(Arc::new(Entry {
            vault_seq: write.expected.vault_seq,
            entry: write.entry,
            sealed_keys: write.sealed_keys.into_iter().collect(),
            links: write.links.into_iter().collect(),
        }));
        Appended::Done
    }

    fn push(&mut self, write: PushWrite, growth: Growth) -> Written {
        let Some(account) = self.still_at(write.account, &write.expected, growth) else { return Written::Moved };
        let seq = write.expected.vault_seq + 1;
        (account.heads.vault_seq, account.heads.vault_head) = (seq, write.hash);
        (account.vault_at, account.count, account.elements) = (write.at, write.count, write.elements);
        account.bytes_used = (account.bytes_used + write.bytes_added).saturating_sub(write.bytes_reclaimed);
        account.set = write.set;
        account.commits.push(Arc::new(Commit { roster_seq: write.expected.roster_seq, commit: write.commit }));
        for change in write.changes {
            let element = change.element;
            if element.is_tombstone() {
                account.purges.insert((write.purge_due, element.item));
            }
            if let Some(old) = element.revision.checked_sub(KEPT_REVISIONS) {
                account.drop_envelope(element.item, old);
            }
            let revision = Revision { seq, element, envelope: change.envelope };
            account.revisions.insert((element.item, element.revision), Arc::new(revision));
        }
        Written::Done
    }

    /// The bytes of the envelopes that drop out, of which some may have been offered a step before.
    fn reclaims(&self, write: &PushWrite) -> u64 {
        let Some(account) = self.accounts.get(&write.account) else { return 0 };
        write.changes.iter().map(|change| account.reclaimed(change.element.item)).sum()
    }
}
