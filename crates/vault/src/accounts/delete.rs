use keyfold_crypto::{
    Hash, Namespace, SUITE, Signable,
    exact::{self, Malformed},
    hash, signing,
};
use keyfold_ledger::MAX_AHEAD;
use keyfold_wire::{
    AccountId, MemberId,
    v1::{self, AccountDelete, Signed},
};

use super::Accounts;
use crate::{
    AccountUnavailable,
    storage::{Deleted, Deletion, StorageError},
};

/// Why an account is not deleted. Nothing was removed, unless storage gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// Not the canonical form of a signed AccountDelete.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An id or hash of another length, or another suite.
    #[error("a field of the request is out of its range")]
    Field,
    /// There is no such account, or it was deleted by another request.
    #[error(transparent)]
    Account(#[from] AccountUnavailable),
    /// The request was signed for a roster that has changed since.
    #[error("the account's devices have changed since: sync, look, and decide again")]
    HeadMoved(Box<v1::Heads>),
    /// The device is not active in the account.
    #[error("this device is not (or no longer) active in the account")]
    NotAMember,
    /// Not signed by the device, or by one that never was a member.
    #[error("the signature is not that of a device of the account")]
    Signature,
    /// The device's clock is off.
    #[error("the device's clock is more than five minutes off: set it")]
    BadTime,
    /// Nothing can be said of the outcome, but repeating is safe.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Deletes the account and all that is stored for it. The same request again is no error.
    ///
    /// # Errors
    /// [`DeleteAccountError`].
    pub async fn delete(&self, signed: &Signed) -> Result<(), DeleteAccountError> {
        let request: AccountDelete = exact::decode(&signed.body, AccountDelete::MAX_LEN)?;
        let account = AccountId::try_from(request.account.as_slice()).map_err(|_| DeleteAccountError::Field)?;
        let device = MemberId::try_from(request.device.as_slice()).map_err(|_| DeleteAccountError::Field)?;
        let roster_head = Hash::try_from(request.roster_head.as_slice()).map_err(|_| DeleteAccountError::Field)?;
        if request.suite != SUITE {
            return Err(DeleteAccountError::Field);
        }
        let deletion = Deletion {
            account,
            roster_head,
            request: hash(Namespace::AccountDelete, &signed.body),
            at: self.clock.now(),
        };
        match self.rosters.current(account).await {
            Ok((heads, roster)) => {
                // Who cannot sign as somebody who is or was a member is told nothing of the members.
                let key = roster.signing_key(&device).ok_or(DeleteAccountError::Signature)?;
                signing::verify_bytes::<AccountDelete>(key, &signed.body, &signed.signature)
                    .map_err(|_| DeleteAccountError::Signature)?;
                roster.device(&device).ok_or(DeleteAccountError::NotAMember)?;
                if request.at.abs_diff(deletion.at) > MAX_AHEAD {
                    return Err(DeleteAccountError::BadTime);
                }
                if roster_head != heads.roster_head {
                    return Err(DeleteAccountError::HeadMoved(Box::new(self.heads.message(account, &heads))));
                }
            }
            // Nobody's signature can be verified any more, and nothing is left to delete: it can only be the same request.
            Err(AccountUnavailable::Deleted) => {}
            Err(error) => return Err(error.into()),
        }
        self.carry_out(deletion).await
    }

    async fn carry_out(&self, deletion: Deletion) -> Result<(), DeleteAccountError> {
        match self.storage.delete_account(deletion).await? {
            Deleted::Done => {
                self.heads.deleted(deletion.account);
                Ok(())
            }
            Deleted::Before(request) if request == deletion.request => Ok(()),
            Deleted::Before(_) => Err(AccountUnavailable::Deleted.into()),
            Deleted::Unknown => Err(AccountUnavailable::Unknown.into()),
            Deleted::Moved(heads) => {
                Err(DeleteAccountError::HeadMoved(Box::new(self.heads.message(deletion.account, &heads))))
            }
        }
    }
}
