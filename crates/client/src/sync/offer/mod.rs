mod part;

use keyfold_wire::v1::{CreateAccount, Heads, ProblemCode};
use prost::Message;

use self::part::Part;
use super::{Behind, SyncEngine, SyncError, interruption::Interruption};
use crate::{api::ApiError, storage::StorageError, vault::Held};

/// What a server got back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offered {
    /// Roster entries.
    pub entries: u64,
    /// Commits.
    pub commits: u64,
    /// Passkeys' latest revisions.
    pub items: u64,
}

/// Why an offer did not come to its end. What was taken before stays; offer again to go on.
#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    /// The server goes on from its backup.
    #[error(
        "the server takes no offers: it was not restored from a backup, or the wait was ended and it has gone on without what this device holds. Ask its operator; your passkeys still work on this device"
    )]
    NotAwaited,
    /// Only the device that founded it can offer an account that the backup does not have.
    #[error(
        "the backup has nothing of this account; run `keyfold offer` on the device that created it, then here again"
    )]
    NotTheFounder,
    /// The lost part does not come apart where the device has every envelope.
    #[error("the server lost more at once than this device can offer; offer from the device that wrote it first")]
    TooLarge,
    /// Sync failed.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<ApiError> for OfferError {
    fn from(error: ApiError) -> Self {
        match error.code() {
            Some(ProblemCode::NotBehind) => Self::NotAwaited,
            _ => Self::Sync(error.into()),
        }
    }
}

impl From<StorageError> for OfferError {
    fn from(error: StorageError) -> Self {
        Self::Sync(error.into())
    }
}

impl SyncEngine {
    /// What a restored server lacks of this device's history; `None` if it has all of it.
    ///
    /// # Errors
    /// [`OfferError`].
    pub async fn lost(&self) -> Result<Option<Behind>, OfferError> {
        self.check_condition().await?;
        let held = self.held().await?;
        match self.api.head().await {
            Ok(heads) => self.lacks(&held, &heads).await,
            Err(error) if error.code() == Some(ProblemCode::NotFound) => Ok(Some(everything(&held))),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the server what it lacks of this device's history, part by part; `progress` is told of so many of so many
    /// entries and commits.
    ///
    /// # Errors
    /// [`OfferError`].
    pub async fn offer(&self, progress: impl Fn(u64, u64)) -> Result<Offered, OfferError> {
        self.check_condition().await?;
        let held = self.held().await?;
        let mut heads = match self.api.head().await {
            Err(error) if error.code() == Some(ProblemCode::NotFound) => self.offer_account(&held).await?,
            heads => heads?,
        };
        let (mut offered, mut total) = (Offered::default(), None);
        let mut before = None;
        while let Some(behind) = self.lacks(&held, &heads).await? {
            let left = behind.entries + behind.commits;
            // A server that stays where it is would be offered the same for ever.
            if before.is_some_and(|before| left >= before) {
                return Err(ApiError::BadAnswer("heads that an offer did not move").into());
            }
            before = Some(left);
            let total = *total.get_or_insert(left);
            progress(total.saturating_sub(left), total);
            let part = Part::from(self.storage().as_ref(), &held, &heads).await?;
            heads = match self.api.offer(&part.frames).await {
                Ok(accepted) => {
                    offered.add(&part);
                    accepted.heads.ok_or(ApiError::BadAnswer("no heads"))?
                }
                Err(ApiError::Refused(refusal)) if refusal.code == ProblemCode::HeadMoved => {
                    // Another device offered meanwhile.
                    refusal.heads.ok_or(ApiError::BadAnswer("no heads"))?
                }
                Err(error) => return Err(error.into()),
            };
        }
        if let Some(total) = total {
            progress(total, total);
        }
        Ok(offered)
    }

    async fn lacks(&self, held: &Held, heads: &Heads) -> Result<Option<Behind>, OfferError> {
        match self.behind(held, heads).await {
            Ok(behind) => Ok(behind),
            Err(Interruption::Failure(failure)) => {
                let step = self.storage().step().await?;
                Err(self.stop(&step, &failure).await.into())
            }
            Err(Interruption::Error(error)) => Err(error.into()),
        }
    }

    /// Founds the account once more, as it was founded, on a server whose backup is older than it.
    async fn offer_account(&self, held: &Held) -> Result<Heads, OfferError> {
        let [genesis, rotation, ..] = held.entries.as_slice() else { return Err(OfferError::NotTheFounder) };
        let device = self.vault.keys().id();
        let own = held.sealed_keys.iter().find(|key| key.roster_seq == rotation.seq());
        let sealed_key = own
            .filter(|_| genesis.author() == device)
            .map(|key| keyfold_wire::v1::SealedKey { member: device.to_vec(), sealed: key.sealed.clone() });
        let create = CreateAccount {
            genesis: Some(genesis.signed().clone()),
            rotation: Some(rotation.signed().clone()),
            sealed_key: Some(sealed_key.ok_or(OfferError::NotTheFounder)?),
            invite: String::new(),
            lost: Some(part::latest(self.storage().as_ref(), held).await?),
        };
        let accepted = self.api.anonymous().create_account(&create.encode_to_vec()).await?;
        Ok(accepted.heads.ok_or(ApiError::BadAnswer("no heads"))?)
    }
}

impl Offered {
    fn add(&mut self, part: &Part) {
        self.entries += part.entries;
        self.commits += part.commits;
        self.items += part.items;
    }
}

/// Of an account that the server does not know.
fn everything(held: &Held) -> Behind {
    let commits = held.vault.as_ref().map_or(0, keyfold_ledger::Vault::seq);
    Behind { roster: 0, vault: 0, entries: held.roster.seq() + 1, commits }
}
