use keyfold_crypto::exact;
use keyfold_wire::v1::TenantRecords;
use prost::Message;
use zeroize::Zeroizing;

use super::{
    UnlockedVault, VaultError,
    device_records::{open, seal},
    stored::Stored,
};
use crate::{
    evidence::keep_all,
    storage::{AuthenticatorRecord, StorageError},
};

impl UnlockedVault {
    /// What the tenants of the account have given this device.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) async fn tenants(&self) -> Result<TenantRecords, VaultError> {
        let sealed = self.storage().authenticator_record(RECORD).await?;
        opened(self, sealed.as_deref())
    }

    /// The same, and of tenants that it has yet to ask: each of the account's is told of a new passkey.
    pub(super) fn tenants_of(&self, stored: &Stored) -> Result<TenantRecords, VaultError> {
        let mut records = opened(self, stored.tenants.as_deref())?;
        keep_all(&mut records, stored.held.roster.tenants());
        Ok(records)
    }

    /// Changes that, durably, as it stands then; what the change says of it.
    ///
    /// # Errors
    /// [`VaultError`]; of the change itself too: nothing is changed then.
    pub(crate) async fn change_tenants<T>(
        &self,
        mut change: impl FnMut(&mut TenantRecords) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        for _ in 0..ATTEMPTS {
            let before = self.storage().authenticator_record(RECORD).await?;
            let mut records = opened(self, before.as_deref())?;
            let unchanged = records.clone();
            let said = change(&mut records)?;
            if records == unchanged {
                return Ok(said);
            }
            let bytes = Zeroizing::new(records.encode_to_vec());
            let after = Some(seal(self, RECORD, &bytes));
            if self.storage().replace_authenticator_record(RECORD, before, after).await? {
                return Ok(said);
            }
        }
        Err(StorageError::Busy.into())
    }
}

fn opened(vault: &UnlockedVault, sealed: Option<&[u8]>) -> Result<TenantRecords, VaultError> {
    let Some(sealed) = sealed else { return Ok(TenantRecords { version: VERSION, tenants: Vec::new() }) };
    let bytes = open(vault, RECORD, sealed)?;
    let records = exact::decode::<TenantRecords>(&bytes, usize::MAX).ok();
    let records = records.filter(|records| records.version == VERSION);
    records.ok_or_else(|| VaultError::Damaged("what the tenants gave to this device cannot be read".to_owned()))
}

const RECORD: AuthenticatorRecord = AuthenticatorRecord::Tenants;
const VERSION: u32 = 1;
/// Each lost one is another process's change.
const ATTEMPTS: usize = 16;
