use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, AccountStorage, Created, Deleted, Deletion, Hash, Heads, NewAccount, SetState, Signed, Standing,
    StorageError,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, TryInsertResult,
    sea_query::OnConflict,
};

use super::{
    heads::{HeadsOf, heads},
    invites,
    line::Line,
    news,
};
use crate::{
    Database,
    entity::{accounts, deleted_accounts, enrolments, roster_entries, sealed_keys},
    error::unavailable,
    transaction::commit,
    value::{account_id, hash, signed},
};

#[async_trait]
impl AccountStorage for Database {
    async fn create_account(&self, new: NewAccount) -> Result<Created, StorageError> {
        let transaction = self.write().await?;
        let inserted = accounts::Entity::insert(row(&new).into_active_model())
            .on_conflict(OnConflict::column(accounts::Column::AccountId).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        if !matches!(inserted, TryInsertResult::Inserted(1)) {
            return Ok(Created::Exists);
        }
        // Looked at after the insert, which waits for a deletion under way; returning without a commit rolls back.
        if deleted(&transaction, new.account).await?.is_some() {
            return Ok(Created::Deleted);
        }
        if let Some(invite) = new.invite
            && !invites::use_up(&transaction, invite, new.account, new.created_at).await?
        {
            return Ok(Created::InviteRefused);
        }
        let entries = [entry(new.account, 0, &new.genesis), entry(new.account, 1, &new.rotation)];
        roster_entries::Entity::insert_many(entries.map(IntoActiveModel::into_active_model))
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        let (member, sealed) = new.sealed_key;
        let key =
            sealed_keys::Model { account_id: new.account.to_vec(), member_id: member.to_vec(), roster_seq: 1, sealed };
        sealed_keys::Entity::insert(key.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        commit(transaction).await?;
        Ok(Created::Done)
    }

    async fn standing(&self, account: AccountId) -> Result<Standing, StorageError> {
        if let Some(heads) = Line::wait(self, HeadsOf(account)).await? {
            return Ok(Standing::Active(heads));
        }
        let deleted = deleted(&self.reader, account).await?;
        Ok(deleted.map_or(Standing::Unknown, |_| Standing::Deleted))
    }

    async fn accounts_by_recovery(&self, lookup: Hash, limit: u64) -> Result<Vec<AccountId>, StorageError> {
        let found: Vec<Vec<u8>> = accounts::Entity::find()
            .select_only()
            .column(accounts::Column::AccountId)
            .filter(accounts::Column::RecoveryLookup.eq(lookup.to_vec()))
            .order_by_asc(accounts::Column::CreatedAt)
            .order_by_asc(accounts::Column::AccountId)
            .limit(limit)
            .into_tuple()
            .all(&self.reader)
            .await
            .map_err(unavailable)?;
        found.iter().map(|account| account_id(account)).collect()
    }

    async fn delete_account(&self, deletion: Deletion) -> Result<Deleted, StorageError> {
        let transaction = self.write().await?;
        // The rows of the account's own tables go with this one.
        let gone = accounts::Entity::delete_many()
            .filter(accounts::Column::AccountId.eq(deletion.account.to_vec()))
            .filter(accounts::Column::RosterHead.eq(deletion.roster_head.to_vec()))
            .filter(accounts::Column::Behind.eq(false))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        if gone.rows_affected == 0 {
            return not_deleted(&transaction, deletion.account).await;
        }
        // These are found before their account is known, so no key ties them to it.
        enrolments::Entity::delete_many()
            .filter(enrolments::Column::AccountId.eq(deletion.account.to_vec()))
            .exec(&transaction)
            .await
            .map_err(unavailable)?;
        let row = deleted_accounts::Model {
            account_id: deletion.account.to_vec(),
            request_hash: deletion.request.to_vec(),
            deleted_at: signed(deletion.at),
        };
        deleted_accounts::Entity::insert(row.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(unavailable)?;
        news::note(&transaction, deletion.account, u64::MAX).await?;
        commit(transaction).await?;
        Ok(Deleted::Done)
    }
}

async fn not_deleted(database: &impl ConnectionTrait, account: AccountId) -> Result<Deleted, StorageError> {
    if let Some(heads) = heads(database, &[account]).await?.get(&account) {
        return Ok(Deleted::Moved(*heads));
    }
    match deleted(database, account).await? {
        Some(row) => Ok(Deleted::Before(hash(&row.request_hash)?)),
        None => Ok(Deleted::Unknown),
    }
}

async fn deleted(
    database: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Option<deleted_accounts::Model>, StorageError> {
    deleted_accounts::Entity::find_by_id(account.to_vec()).one(database).await.map_err(unavailable)
}

fn row(new: &NewAccount) -> accounts::Model {
    let Heads { roster_seq, roster_head, vault_seq, vault_head } = new.heads;
    accounts::Model {
        account_id: new.account.to_vec(),
        roster_seq: signed(roster_seq),
        roster_head: roster_head.to_vec(),
        vault_seq: signed(vault_seq),
        vault_head: vault_head.to_vec(),
        vault_at: 0,
        item_count: 0,
        element_count: 0,
        bytes_used: signed(new.bytes_used),
        created_at: signed(new.created_at),
        set_state: SetState::empty().to_bytes(),
        behind: new.behind,
        fences: Vec::new(),
        recovery_lookup: None,
    }
}

fn entry(account: AccountId, seq: i64, entry: &Signed) -> roster_entries::Model {
    roster_entries::Model {
        account_id: account.to_vec(),
        seq,
        vault_seq: 0,
        body: entry.body.clone(),
        signature: entry.signature.clone(),
    }
}
