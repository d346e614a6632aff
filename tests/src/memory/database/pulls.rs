use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, CommitRow, Cursor, EntryRow, ItemId, MemberId, PullStorage, RevisionRow, Span, StorageError,
};

use super::{
    MemoryDatabase,
    rows::{Account, Entry, Revision},
};

#[async_trait]
impl PullStorage for MemoryDatabase {
    async fn entries(
        &self,
        account: AccountId,
        span: Span,
        member: Option<MemberId>,
        limit: u64,
    ) -> Result<Vec<EntryRow>, StorageError> {
        Ok(self.of(account, |account| {
            let rows = within(&account.entries, 0, span).map(|(seq, entry)| match member {
                None => bare(seq, entry),
                Some(member) => EntryRow {
                    sealed_key: entry.sealed_keys.get(&member).cloned(),
                    links: entry.links.iter().map(|(epoch, sealed)| (*epoch, sealed.clone())).collect(),
                    ..bare(seq, entry)
                },
            });
            rows.take(usize::try_from(limit).unwrap()).collect()
        }))
    }

    async fn entry(&self, account: AccountId, seq: u64) -> Result<Option<EntryRow>, StorageError> {
        Ok(self.of(account, |account| {
            within(&account.entries, 0, Span { first: seq, last: seq }).map(|(seq, entry)| bare(seq, entry)).next()
        }))
    }

    async fn commits(&self, account: AccountId, span: Span, limit: u64) -> Result<Vec<CommitRow>, StorageError> {
        Ok(self.of(account, |account| {
            let rows = within(&account.commits, 1, span).map(|(seq, commit)| CommitRow {
                seq,
                roster_seq: commit.roster_seq,
                commit: commit.commit.clone(),
            });
            rows.take(usize::try_from(limit).unwrap()).collect()
        }))
    }

    async fn commit(&self, account: AccountId, seq: u64) -> Result<Option<CommitRow>, StorageError> {
        Ok(self.commits(account, Span { first: seq, last: seq }, 1).await?.pop())
    }

    async fn changed(
        &self,
        account: AccountId,
        span: Span,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<RevisionRow>, StorageError> {
        Ok(self.of(account, |account| {
            let changed = account.revisions.values().filter(|revision| is_latest_of(account, revision, span));
            let after = |revision: &Revision| {
                cursor.is_none_or(|cursor| (revision.seq, revision.element.item) > (cursor.seq, cursor.item))
            };
            let mut rows: Vec<RevisionRow> = changed
                .filter(|revision| after(revision))
                .map(|revision| RevisionRow { seq: revision.seq, element: revision.element, size: revision.size() })
                .collect();
            rows.sort_unstable_by_key(|row| (row.seq, row.element.item));
            rows.truncate(usize::try_from(limit).unwrap());
            rows
        }))
    }

    async fn envelopes(
        &self,
        account: AccountId,
        wanted: &[(ItemId, u64)],
    ) -> Result<Vec<(ItemId, u64, Vec<u8>)>, StorageError> {
        Ok(self.of(account, |account| {
            let kept = wanted.iter().filter_map(|(item, number)| {
                Some((*item, *number, account.revisions.get(&(*item, *number))?.envelope.clone()?))
            });
            kept.collect()
        }))
    }
}

impl MemoryDatabase {
    /// What there is of an account; nothing where there is none.
    fn of<T: Default>(&self, account: AccountId, read: impl FnOnce(&Account) -> T) -> T {
        self.rows().accounts.get(&account).map(|account| read(account)).unwrap_or_default()
    }
}

/// Those of `rows`, of which the first has the seq `first`, that the span holds.
fn within<T>(rows: &[T], first: u64, span: Span) -> impl Iterator<Item = (u64, &T)> {
    (first..).zip(rows).filter(move |(seq, _)| (span.first..=span.last).contains(seq))
}

/// Of the span, with no later revision of the same item up to its end.
fn is_latest_of(account: &Account, revision: &Revision, span: Span) -> bool {
    let next = account.revisions.get(&(revision.element.item, revision.element.revision + 1));
    (span.first..=span.last).contains(&revision.seq) && next.is_none_or(|next| next.seq > span.last)
}

fn bare(seq: u64, entry: &Entry) -> EntryRow {
    EntryRow { seq, vault_seq: entry.vault_seq, entry: entry.entry.clone(), sealed_key: None, links: Vec::new() }
}
