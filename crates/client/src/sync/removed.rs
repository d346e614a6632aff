use keyfold_ledger::Entry;
use keyfold_wire::v1::ProblemCode;

use super::{SyncEngine, SyncError};
use crate::{
    api::{ApiError, Refusal},
    storage::{Farewell, Step, Stop, Write},
    vault::{Held, VaultError},
};

impl SyncEngine {
    /// What a refusal means for this device. If the server shows that another device has removed it, everything here is wiped;
    /// if it only says so, nothing is: whoever stands at the server could else destroy an only copy. Sync stops, nothing but
    /// the passphrase opens the profile, and its user decides.
    pub(super) async fn refused_by(&self, step: &Step, error: ApiError) -> SyncError {
        let ApiError::Refused(refusal) = &error else { return error.into() };
        if refusal.code != ProblemCode::NotAMember {
            return error.into();
        }
        match self.judge(step, refusal).await {
            Ok(error) | Err(error) => error,
        }
    }

    async fn judge(&self, step: &Step, refusal: &Refusal) -> Result<SyncError, SyncError> {
        let held = self.held().await?;
        let entry = refusal.removal.as_ref().and_then(|removal| Entry::parse(removal).ok());
        let shown = entry.filter(|entry| held.roster.shows_removal(entry, &self.vault.keys().id()));
        match shown {
            Some(entry) => Ok(VaultError::Removed(self.say_farewell(step, &held, &entry).await?).into()),
            None => {
                let at = self.vault.local().clock().now();
                let stop = Stop { code: NOT_SHOWN.to_owned(), detail: UNPROVEN.to_owned(), at };
                let writes = vec![Write::Sweep, Write::Stopped(Some(stop.clone())), Write::Lock];
                self.storage().apply(step, writes).await?;
                Ok(SyncError::Stopped(stop))
            }
        }
    }

    /// Wipes the profile. What a keyring has of it opens nothing from here on, and goes as well.
    async fn say_farewell(&self, step: &Step, held: &Held, entry: &Entry) -> Result<Farewell, SyncError> {
        let farewell = Farewell {
            account: held.roster.account(),
            remover: held.name_of(&entry.author()),
            at: entry.at(),
            unsent: self.storage().count_edits().await?,
        };
        let owner = self.vault.local().owner();
        let has_keyring = self.vault.local().has_keyring().await?;
        self.storage().apply(step, vec![Write::Erase, Write::Farewell(farewell.clone())]).await?;
        if let Some(keyring) = self.keyring.as_ref().filter(|_| has_keyring) {
            drop(keyring.forget(&owner).await);
        }
        Ok(farewell)
    }
}

const NOT_SHOWN: &str = "not-a-member";
const UNPROVEN: &str = "the server says that this device was removed from the account, and does not show by which other \
                        device. If one of yours did it, run `keyfold wipe` here";
