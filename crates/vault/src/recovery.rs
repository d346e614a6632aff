use std::sync::Arc;

use keyfold_crypto::recovery::lookup_hash;
use keyfold_ledger::Body;
use keyfold_wire::v1::{RecoveryFound, RecoveryLookup};

use crate::storage::{LookupChange, Storage, StorageError};

/// Leads whoever holds a recovery code to its account.
pub struct Recovery {
    storage: Arc<dyn Storage>,
}

/// Why no account is found.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// Not 32 bytes.
    #[error("a lookup has 32 bytes")]
    Field,
    /// No account has this code, or none has it any more.
    #[error("no account has this recovery code: was it used, replaced or removed, or is it of another server?")]
    Unknown,
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Recovery {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// The accounts whose recovery member names this lookup. More than one only if somebody copied it out of a roster that
    /// they were shown; the code fits one.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn find(&self, message: &RecoveryLookup) -> Result<RecoveryFound, RecoveryError> {
        let lookup = message.lookup.as_slice().try_into().map_err(|_| RecoveryError::Field)?;
        let accounts = self.storage.accounts_by_recovery(lookup_hash(lookup), MOST).await?;
        if accounts.is_empty() {
            return Err(RecoveryError::Unknown);
        }
        Ok(RecoveryFound { accounts: accounts.into_iter().map(|account| account.to_vec()).collect() })
    }
}

/// What an entry does to how its account is found.
pub(crate) fn lookup_change(body: &Body, recovery: Option<&keyfold_wire::MemberId>) -> Option<LookupChange> {
    match body {
        Body::AddRecovery(add) => Some(LookupChange::Set(add.member.lookup)),
        Body::Remove(remove) => match &remove.replacement {
            Some(replacement) => Some(LookupChange::Set(replacement.lookup)),
            None => recovery.filter(|member| remove.members.contains(member)).map(|_| LookupChange::Cleared),
        },
        _ => None,
    }
}

/// The first that named it: who comes later is not the one who made the code.
const MOST: u64 = 64;
