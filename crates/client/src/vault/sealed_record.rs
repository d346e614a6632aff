use keyfold_crypto::exact;
use prost::Message;
use zeroize::Zeroizing;

use super::{
    UnlockedVault, VaultError,
    device_records::{open, seal},
};
use crate::storage::{AuthenticatorRecord, StorageError};

/// A message that this device keeps for itself, sealed under its secrets. Version 1 of each.
pub(super) trait SealedRecord: Message + Default + Clone + PartialEq {
    /// Where it lies.
    const RECORD: AuthenticatorRecord;
    /// What is said where it cannot be read.
    const UNREADABLE: &'static str;

    fn version(&mut self) -> &mut u32;
}

impl UnlockedVault {
    /// What is kept; an empty one, where nothing is yet.
    pub(super) fn opened<T: SealedRecord>(&self, sealed: Option<&[u8]>) -> Result<T, VaultError> {
        let Some(sealed) = sealed else {
            let mut empty = T::default();
            *empty.version() = VERSION;
            return Ok(empty);
        };
        let unreadable = || VaultError::Damaged(T::UNREADABLE.to_owned());
        let bytes = open(self, T::RECORD, sealed)?;
        let mut record: T = exact::decode(&bytes, usize::MAX).map_err(|_| unreadable())?;
        if *record.version() == VERSION { Ok(record) } else { Err(unreadable()) }
    }

    /// Changes it, durably, as it stands then; what the change says of it.
    ///
    /// # Errors
    /// [`VaultError`]; of the change itself too: nothing is changed then.
    pub(super) async fn change_record<T: SealedRecord, Said>(
        &self,
        mut change: impl FnMut(&mut T) -> Result<Said, VaultError>,
    ) -> Result<Said, VaultError> {
        for _ in 0..ATTEMPTS {
            let before = self.storage().authenticator_record(T::RECORD).await?;
            let unchanged: T = self.opened(before.as_deref())?;
            let mut record = unchanged.clone();
            let said = change(&mut record)?;
            if record == unchanged {
                return Ok(said);
            }
            let bytes = Zeroizing::new(record.encode_to_vec());
            let after = Some(seal(self, T::RECORD, &bytes));
            if self.storage().replace_authenticator_record(T::RECORD, before, after).await? {
                return Ok(said);
            }
        }
        Err(StorageError::Busy.into())
    }
}

const VERSION: u32 = 1;
/// Each lost one is another process's change.
const ATTEMPTS: usize = 16;
