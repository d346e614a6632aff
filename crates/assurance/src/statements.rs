//! What devices state of passkeys.

use std::sync::Arc;

use keyfold_evidence::{SignedStatement, StatementError};
use keyfold_wire::{AccountId, MemberId, TenantId};

use crate::{
    Clock,
    devices::is_there,
    relying_parties::sha256,
    storage::{Stated, StatementRow, Storage, StorageError},
};

/// Keeps what devices state of passkeys, which nobody here can read the names of.
pub struct Statements {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Why a statement is not kept.
#[derive(Debug, thiserror::Error)]
pub enum StatementRefused {
    /// It is none.
    #[error(transparent)]
    Malformed(#[from] StatementError),
    /// The device is not of an account that is a member.
    #[error("only a device of a member may state anything")]
    NoDevice,
    /// The account has stated as much as it may.
    #[error("the account has {MOST} statements, or the device {MOST_OF_TAG} of this passkey, and no room for another")]
    Full,
    /// It cannot be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Statements {
    pub(crate) fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self { storage, clock }
    }

    /// Keeps a signed statement, once. Whether it is true is found by whoever knows the passkey; what can be seen without is that it
    /// is of its form.
    ///
    /// # Errors
    /// [`StatementRefused`].
    pub async fn keep(
        &self,
        tenant: TenantId,
        account: AccountId,
        device: MemberId,
        statement: &[u8],
    ) -> Result<(), StatementRefused> {
        let signed = SignedStatement::decode(statement)?;
        self.storage.device(tenant, account, device).await?.filter(is_there).ok_or(StatementRefused::NoDevice)?;
        let row = StatementRow {
            tag: signed.tag().0,
            hash: sha256(statement),
            account,
            device,
            statement: statement.to_vec(),
            stated_at: self.clock.now().day().begins().0,
        };
        match self.storage.state(tenant, row, MOST, MOST_OF_TAG).await? {
            Stated::Done => Ok(()),
            Stated::Full => Err(StatementRefused::Full),
        }
    }
}

/// Of an account: some for each of the passkeys that a vault is meant for.
const MOST: u64 = 40_000;
/// Of one device of one passkey.
const MOST_OF_TAG: u64 = 4;
