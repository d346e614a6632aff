use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, AccountStorage, Created, Deleted, Deletion, Fences, Hash, InviteHash, InviteRow, InviteStorage,
    NewAccount, SetState, Standing, StorageError,
};

use super::{
    MemoryDatabase,
    rows::{Account, Entry, Rows},
};

#[async_trait]
impl AccountStorage for MemoryDatabase {
    async fn create_account(&self, new: NewAccount) -> Result<Created, StorageError> {
        let mut rows = self.rows();
        if rows.accounts.contains_key(&new.account) {
            return Ok(Created::Exists);
        }
        if rows.deleted.contains_key(&new.account) {
            return Ok(Created::Deleted);
        }
        if new.invite.is_some_and(|invite| !use_up(&mut rows, invite, new.account, new.created_at)) {
            return Ok(Created::InviteRefused);
        }
        rows.accounts.insert(new.account, Arc::new(account(new)));
        Ok(Created::Done)
    }

    async fn standing(&self, account: AccountId) -> Result<Standing, StorageError> {
        let rows = self.rows();
        Ok(match rows.accounts.get(&account) {
            Some(account) => Standing::Active(account.heads),
            None if rows.deleted.contains_key(&account) => Standing::Deleted,
            None => Standing::Unknown,
        })
    }

    async fn accounts_by_recovery(&self, lookup: Hash, limit: u64) -> Result<Vec<AccountId>, StorageError> {
        let rows = self.rows();
        let found = rows.accounts.iter().filter(|(_, account)| account.lookup == Some(lookup));
        let mut found: Vec<(u64, AccountId)> = found.map(|(id, account)| (account.created_at, *id)).collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).take(usize::try_from(limit).unwrap()).collect())
    }

    async fn delete_account(&self, deletion: Deletion) -> Result<Deleted, StorageError> {
        let mut rows = self.rows();
        let Some(account) = rows.accounts.get(&deletion.account) else {
            return Ok(rows
                .deleted
                .get(&deletion.account)
                .map_or(Deleted::Unknown, |request| Deleted::Before(*request)));
        };
        if account.behind || account.heads.roster_head != deletion.roster_head {
            return Ok(Deleted::Moved(account.heads));
        }
        rows.accounts.remove(&deletion.account);
        rows.deleted.insert(deletion.account, deletion.request);
        let is_its = |account| account == deletion.account;
        rows.enrolments.retain(|_, (_, row)| !row.claim.is_some_and(|claim| is_its(claim.account)));
        rows.guesses.retain(|(account, _), _| !is_its(*account));
        rows.nonces.retain(|(account, _), _| !is_its(*account));
        Ok(Deleted::Done)
    }
}

fn account(new: NewAccount) -> Account {
    let entry = |entry, sealed_keys| Arc::new(Entry { vault_seq: 0, entry, sealed_keys, links: BTreeMap::new() });
    let entries = vec![entry(new.genesis, BTreeMap::new()), entry(new.rotation, BTreeMap::from([new.sealed_key]))];
    Account {
        heads: new.heads,
        vault_at: 0,
        count: 0,
        elements: 0,
        bytes_used: new.bytes_used,
        created_at: new.created_at,
        set: SetState::empty(),
        behind: new.behind,
        fences: Fences::default(),
        lookup: None,
        entries,
        commits: Vec::new(),
        revisions: BTreeMap::new(),
        purges: BTreeSet::new(),
    }
}

#[async_trait]
impl InviteStorage for MemoryDatabase {
    async fn add_invite(&self, hash: InviteHash, created_at: u64, expires_at: u64) -> Result<(), StorageError> {
        self.rows().invites.push(InviteRow { hash, created_at, expires_at, account: None });
        Ok(())
    }

    async fn invites(&self, limit: u64) -> Result<Vec<InviteRow>, StorageError> {
        let mut invites = self.rows().invites.clone();
        invites.sort_by_key(|invite| std::cmp::Reverse(invite.created_at));
        invites.truncate(usize::try_from(limit).unwrap());
        Ok(invites)
    }
}

/// Uses the invite for this account; `false` if it is unknown, expired or used.
fn use_up(rows: &mut Rows, hash: InviteHash, account: AccountId, now: u64) -> bool {
    let unused = |invite: &&mut InviteRow| invite.hash == hash && invite.expires_at > now && invite.account.is_none();
    let invite = rows.invites.iter_mut().find(unused);
    invite.is_some_and(|invite| invite.account.replace(account).is_none())
}
