use std::{cmp::Reverse, sync::Arc};

use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, KeyKind, RosterNews, RosterNewsStorage, ServerKey, ServerKeyStorage, StorageError, Swept, Upkeep,
};

use super::{MemoryDatabase, rows::Rows};

#[async_trait]
impl ServerKeyStorage for MemoryDatabase {
    async fn server_keys(&self, kind: KeyKind) -> Result<Vec<ServerKey>, StorageError> {
        let mut keys = keys(&mut self.rows(), kind).clone();
        keys.sort_by_key(|key| Reverse(key.kid));
        Ok(keys)
    }

    async fn add_server_key(&self, kind: KeyKind, key: ServerKey) -> Result<bool, StorageError> {
        let mut rows = self.rows();
        let keys = keys(&mut rows, kind);
        let is_new = keys.iter().all(|other| other.kid != key.kid);
        keys.extend(is_new.then_some(key));
        Ok(is_new)
    }

    async fn retire_server_keys(&self, kind: KeyKind, kid: u32) -> Result<(), StorageError> {
        keys(&mut self.rows(), kind).retain(|key| key.kid >= kid);
        Ok(())
    }
}

fn keys(rows: &mut Rows, kind: KeyKind) -> &mut Vec<ServerKey> {
    match kind {
        KeyKind::Log => &mut rows.log_keys,
        KeyKind::Session => &mut rows.session_keys,
    }
}

/// Nobody wants to hear of rosters here.
#[async_trait]
impl RosterNewsStorage for MemoryDatabase {
    async fn roster_news(&self, _: Option<AccountId>, _: u64) -> Result<Vec<RosterNews>, StorageError> {
        Ok(Vec::new())
    }

    async fn heard(&self, _: RosterNews) -> Result<(), StorageError> {
        Ok(())
    }
}

#[async_trait]
impl Upkeep for MemoryDatabase {
    async fn sweep(&self, now: u64) -> Result<Swept, StorageError> {
        let mut rows = self.rows();
        let mut swept = Swept::default();
        for account in rows.accounts.values_mut() {
            let account = Arc::make_mut(account);
            while let Some((due, item)) = account.purges.first().copied().filter(|(due, _)| *due <= now) {
                account.purges.remove(&(due, item));
                let kept =
                    account.revisions.iter().filter(|((of, _), revision)| *of == item && revision.envelope.is_some());
                let kept: Vec<u64> = kept.map(|((_, number), _)| *number).collect();
                swept.envelopes += u64::try_from(kept.len()).unwrap();
                let freed: u64 = kept.into_iter().map(|number| account.drop_envelope(item, number)).sum();
                account.bytes_used = account.bytes_used.saturating_sub(freed);
            }
        }
        let before = (rows.enrolments.len(), rows.nonces.len());
        rows.enrolments.retain(|_, (_, row)| row.expires_at > now.saturating_sub(ENROLMENT_KEPT));
        rows.nonces.retain(|_, expires_at| *expires_at > now);
        swept.enrolments = u64::try_from(before.0 - rows.enrolments.len()).unwrap();
        swept.nonces = u64::try_from(before.1 - rows.nonces.len()).unwrap();
        Ok(swept)
    }

    async fn ping(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A device that comes late is told that its enrolment has ended, rather than that there was none.
const ENROLMENT_KEPT: u64 = 60 * 60 * 1_000;
