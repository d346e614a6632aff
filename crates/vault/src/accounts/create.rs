use std::sync::Arc;

use keyfold_ledger::{Account, AccountError, Entry, EntryError, MAX_AHEAD, ReceiptError};
use keyfold_wire::v1::{self, Accepted, CreateAccount};

use super::Accounts;
use crate::{
    Invite, SealedError, SignUp, quota,
    sealed::check_keys,
    storage::{Created, Heads, InviteHash, NewAccount, StorageError},
};

/// Why an account is not created. Nothing was written, unless storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    /// A part of the message is missing or not of its form.
    #[error(transparent)]
    Form(#[from] EntryError),
    /// A rule of the chains does not hold.
    #[error(transparent)]
    Rule(#[from] AccountError),
    /// Made for another server.
    #[error("the account was made for another server's log key")]
    OtherLogKey,
    /// The sealed key is not the one that entry 1 lists.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// It is said to have been here, and this server never signed for it.
    #[error("this server never had the account: {0}")]
    NeverHere(#[from] ReceiptError),
    /// The device's clock is ahead.
    #[error("the device's clock is more than five minutes ahead: set it")]
    BadTime,
    /// Another account has this id: somebody sent this genesis before, with another entry 1.
    #[error("this account exists already")]
    Exists,
    /// An account with this genesis was deleted.
    #[error("this account was deleted; a new account needs a new genesis")]
    Deleted,
    /// Nobody may create accounts here.
    #[error("this server takes no new accounts")]
    SignUpClosed,
    /// The invite is missing, unknown, expired or used.
    #[error("this server takes new accounts by invite only, and the invite is missing, expired or used")]
    InviteInvalid,
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Creates an account: its genesis, the rotation to epoch 1, and epoch 1's key sealed to the first device. The same
    /// message again gets the same answer. One that a restored backup did not have comes again as it was, and is behind.
    ///
    /// # Errors
    /// [`CreateAccountError`].
    pub async fn create(&self, message: CreateAccount) -> Result<Accepted, CreateAccountError> {
        let genesis = Entry::parse(message.genesis.as_ref().ok_or(EntryError::Missing("genesis"))?)?;
        let rotation = Entry::parse(message.rotation.as_ref().ok_or(EntryError::Missing("rotation"))?)?;
        let sealed = message.sealed_key.ok_or(EntryError::Missing("sealed_key"))?;
        let founded = Account::found(&genesis, &rotation)?;
        if founded.roster().log_key() != self.receipts.log_key() {
            return Err(CreateAccountError::OtherLogKey);
        }
        let sealed_key = check_keys(&rotation, vec![sealed])?.pop().ok_or(SealedError::Keys)?;
        let (entries, keys) = ([genesis.signed(), rotation.signed()], [sealed_key]);
        let bytes_used = quota::entry(entries[0], &[], &[]).saturating_add(quota::entry(entries[1], &keys, &[]));
        let [sealed_key] = keys;
        let new = NewAccount {
            account: genesis.account_id(),
            heads: heads(&founded),
            genesis: genesis.signed().clone(),
            rotation: rotation.signed().clone(),
            sealed_key,
            bytes_used,
            created_at: self.clock.now(),
            invite: None,
            behind: message.lost.is_some(),
        };
        // Before time and sign-up are looked at: an answer that was lost on the way can be asked for again.
        if let Some(answer) = self.repeated(&new).await? {
            return Ok(answer);
        }
        if rotation.at() > new.created_at.saturating_add(MAX_AHEAD) {
            return Err(CreateAccountError::BadTime);
        }
        // Whoever was admitted once need not be again.
        let new = match &message.lost {
            Some(lost) => {
                self.receipts.check(new.account, lost)?;
                new
            }
            None => NewAccount { invite: self.admit(&message.invite)?, ..new },
        };
        let (account, heads, begun_at) = (new.account, new.heads, self.clock.now());
        match self.storage.create_account(new.clone()).await? {
            Created::Done => {
                self.rosters.keep(Arc::new(founded.roster().clone()));
                Ok(accepted(self.heads.accepted(account, heads, founded.roster(), begun_at)))
            }
            Created::Exists => self.repeated(&new).await?.ok_or(CreateAccountError::Exists),
            Created::Deleted => Err(CreateAccountError::Deleted),
            Created::InviteRefused => Err(CreateAccountError::InviteInvalid),
        }
    }

    /// The answer to a creation that happened before, if there was one.
    async fn repeated(&self, new: &NewAccount) -> Result<Option<Accepted>, CreateAccountError> {
        let Some(first) = self.storage.entry(new.account, 1).await? else { return Ok(None) };
        if first.entry != new.rotation {
            return Err(CreateAccountError::Exists);
        }
        Ok(Some(accepted(self.heads.message(new.account, &new.heads))))
    }

    /// The invite that the creation will use, where one is needed.
    fn admit(&self, invite: &str) -> Result<Option<InviteHash>, CreateAccountError> {
        match self.sign_up {
            SignUp::Open => Ok(None),
            SignUp::Closed => Err(CreateAccountError::SignUpClosed),
            SignUp::Invite => {
                let invite: Invite = invite.parse().map_err(|_| CreateAccountError::InviteInvalid)?;
                Ok(Some(invite.hash()))
            }
        }
    }
}

fn heads(account: &Account) -> Heads {
    Heads {
        roster_seq: account.roster().seq(),
        roster_head: account.roster().head(),
        vault_seq: account.vault().seq(),
        vault_head: account.vault().head(),
    }
}

const fn accepted(heads: v1::Heads) -> Accepted {
    Accepted { heads: Some(heads) }
}
