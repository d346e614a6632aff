use keyfold_wire::v1::TenantRecords;

use super::{UnlockedVault, VaultError, sealed_record::SealedRecord, stored::Stored};
use crate::{evidence::keep_all, storage::AuthenticatorRecord};

impl UnlockedVault {
    /// What the tenants of the account have given this device.
    ///
    /// # Errors
    /// [`VaultError`].
    pub(crate) async fn tenants(&self) -> Result<TenantRecords, VaultError> {
        let sealed = self.storage().authenticator_record(TenantRecords::RECORD).await?;
        self.opened(sealed.as_deref())
    }

    /// The same, and of tenants that it has yet to ask: each of the account's is told of a new passkey.
    pub(super) fn tenants_of(&self, stored: &Stored) -> Result<TenantRecords, VaultError> {
        let mut records: TenantRecords = self.opened(stored.tenants.as_deref())?;
        keep_all(&mut records, stored.held.roster.tenants());
        Ok(records)
    }

    /// Changes that, durably, as it stands then; what the change says of it.
    ///
    /// # Errors
    /// [`VaultError`]; of the change itself too: nothing is changed then.
    pub(crate) async fn change_tenants<T>(
        &self,
        change: impl FnMut(&mut TenantRecords) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.change_record(change).await
    }
}

impl SealedRecord for TenantRecords {
    const RECORD: AuthenticatorRecord = AuthenticatorRecord::Tenants;
    const UNREADABLE: &'static str = "what the tenants gave to this device cannot be read";

    fn version(&mut self) -> &mut u32 {
        &mut self.version
    }
}
