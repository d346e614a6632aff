use std::{fmt, sync::Arc};

use keyfold_crypto::{SigningAlgorithm, VerifyingKey, random};
use keyfold_ledger::{Account, Chain, author};
use keyfold_wire::v1::{Accepted, AccountDelete, CreateAccount, ProblemCode, ServerInfo};
use prost::Message;

use super::{ChainFailure, SyncEngine, SyncError, incoming::head};
use crate::{
    api::{Api, ApiError},
    device::{DeviceKeys, DeviceName, Passphrase, describe},
    storage::{Condition, Outbox, OutboxKind, Profile, SealedKey, Storage, StorageError, Write},
    vault::{LocalVault, UnlockedVault, VaultError},
};

/// What a new account begins with. Of the passphrase and the invitation it prints nothing.
pub struct NewAccount {
    /// What people call its first device.
    pub name: DeviceName,
    /// How that device signs.
    pub algorithm: SigningAlgorithm,
    /// Under which its secrets rest.
    pub passphrase: Passphrase,
    /// The invitation, where the server wants one.
    pub invite: String,
    /// The CA certificates in PEM that the profile pins.
    pub ca: Option<Vec<u8>>,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The profile has an account.
    #[error("this profile has an account already; use another profile with --profile NAME")]
    ProfileInUse,
    /// Another server than the one where the creation of this profile's account began.
    #[error("this profile's account was begun on {0}; run the command again with that server")]
    OtherServer(String),
    /// The clocks differ by more than a minute.
    #[error("this device's clock is {seconds} seconds off the server's; set the one that is wrong and try again")]
    Clock {
        /// How far.
        seconds: u64,
    },
    /// The server's log key is not a key.
    #[error("the server's log key is not an Ed25519 key")]
    LogKey,
    /// The server was not reached, or refused. Run the command again to go on.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The local vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The server does not stand by what it accepted.
    #[error(transparent)]
    Chain(#[from] ChainFailure),
}

impl From<StorageError> for CreateError {
    fn from(error: StorageError) -> Self {
        Self::Vault(error.into())
    }
}

/// Creates an account, or goes on where an earlier attempt lost its answer.
///
/// # Errors
/// [`CreateError`]; after a refusal the profile is as empty as before.
pub async fn create_account(
    storage: Arc<dyn Storage>,
    api: &Api,
    new: NewAccount,
) -> Result<UnlockedVault, CreateError> {
    let info = api.server_info().await?;
    check_clock(api.now(), info.time)?;
    match storage.profile().await? {
        None => found(storage.as_ref(), api, &info, &new).await?,
        Some(profile) if profile.condition == Condition::Enrolling => return Err(VaultError::Enrolling.into()),
        Some(profile) if profile.condition == Condition::Recovering => return Err(VaultError::Recovering.into()),
        Some(profile) if profile.condition != Condition::Creating => return Err(CreateError::ProfileInUse),
        Some(profile) if profile.server != api.server().as_str() => {
            return Err(CreateError::OtherServer(profile.server));
        }
        Some(_) => {}
    }
    let local = LocalVault::open(Arc::clone(&storage), api.clock()).await?;
    let vault = local.unlock(&new.passphrase).await?;
    send(storage.as_ref(), api, &local).await?;
    Ok(LocalVault::open(storage, api.clock()).await?.unlocked_with(vault.keys()))
}

/// Everything is durable here before anything is sent.
async fn found(storage: &dyn Storage, api: &Api, info: &ServerInfo, new: &NewAccount) -> Result<(), CreateError> {
    let log_key = VerifyingKey::new(SigningAlgorithm::Ed25519, &info.log_key).map_err(|_| CreateError::LogKey)?;
    let mut rng = random::system();
    let keys = DeviceKeys::generate(new.algorithm, &mut rng);
    let founded = author::found(&keys.author, &describe(&new.name), &log_key, api.now(), &mut rng);
    let founded = founded.map_err(VaultError::from)?;
    let account = Account::found(&founded.genesis, &founded.rotation).map_err(VaultError::from)?;
    let id = account.roster().account();
    let sealed_secrets = keys.seal(id, &new.passphrase).map_err(|error| VaultError::Secrets(error.into()))?;
    let create = CreateAccount {
        genesis: Some(founded.genesis.signed().clone()),
        rotation: Some(founded.rotation.signed().clone()),
        sealed_key: Some(founded.sealed_key.clone()),
        invite: new.invite.clone(),
        lost: None,
    };
    let profile = Profile {
        account: id,
        device: keys.id(),
        server: api.server().as_str().to_owned(),
        ca: new.ca.clone(),
        sealed_secrets,
        condition: Condition::Creating,
        stopped: None,
    };
    let outbox = Outbox { kind: OutboxKind::Account, message: create.encode_to_vec(), edits: Vec::new() };
    let step = storage.step().await?;
    let writes = vec![
        Write::Profile(Box::new(profile)),
        Write::Entry { seq: 0, entry: founded.genesis.signed().clone() },
        Write::Entry { seq: 1, entry: founded.rotation.signed().clone() },
        Write::SealedKey(SealedKey { roster_seq: 1, sealed: founded.sealed_key.sealed }),
        Write::Vault(Box::new(account.vault().parts().clone())),
        Write::PutOutbox(outbox),
    ];
    Ok(storage.apply(&step, writes).await?)
}

async fn send(storage: &dyn Storage, api: &Api, local: &LocalVault) -> Result<(), CreateError> {
    let step = storage.step().await?;
    let Some(outbox) = storage.outbox(OutboxKind::Account).await? else { return Ok(()) };
    let accepted = match api.create_account(&outbox.message).await {
        Ok(accepted) => accepted,
        Err(error) => {
            // What was refused is not there; without an answer it may be.
            if error.is_final() && storage.count_edits().await? == 0 {
                storage.apply(&step, vec![Write::Erase]).await?;
            }
            return Err(error.into());
        }
    };
    let account = local.held().await?.account().ok_or(VaultError::Damaged("there is no vault".to_owned()))?;
    let (roster_head, vault_head) = receipts(&account, &accepted)?;
    let writes = vec![
        Write::Head(Chain::Roster, roster_head),
        Write::Head(Chain::Vault, vault_head),
        Write::Condition(Condition::Active),
        Write::ClearOutbox(OutboxKind::Account),
    ];
    Ok(storage.apply(&step, writes).await?)
}

fn receipts(
    account: &Account,
    accepted: &Accepted,
) -> Result<(crate::storage::Head, crate::storage::Head), ChainFailure> {
    let heads = accepted.heads.as_ref();
    let roster = head(account, Chain::Roster, heads.and_then(|heads| heads.roster_receipt.as_ref()))?;
    let vault = head(account, Chain::Vault, heads.and_then(|heads| heads.vault_receipt.as_ref()))?;
    Ok((roster, vault))
}

/// Sessions and commits need clocks that agree to a minute.
pub(crate) fn check_clock(now: u64, server: u64) -> Result<(), CreateError> {
    let off = now.abs_diff(server);
    if off > MAX_SKEW { Err(CreateError::Clock { seconds: off / 1_000 }) } else { Ok(()) }
}

impl SyncEngine {
    /// Deletes the account on the server, then everything in this profile.
    ///
    /// # Errors
    /// [`SyncError`]; the profile is erased only once the server's word is there.
    pub async fn delete_account(&self) -> Result<(), SyncError> {
        let step = self.storage().step().await?;
        self.check_condition().await?;
        self.pull(&step).await?;
        let held = self.held().await?;
        let delete = AccountDelete {
            suite: keyfold_crypto::SUITE,
            account: held.roster.account().to_vec(),
            device: self.vault.keys().id().to_vec(),
            roster_head: held.roster.head().to_vec(),
            at: self.api.anonymous().now(),
        };
        let signed = self.vault.keys().author.signing.sign(&delete).encode_to_vec();
        match self.api.anonymous().delete_account(&signed).await {
            Ok(()) => {}
            Err(error) if error.code() == Some(ProblemCode::AccountDeleted) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.storage().apply(&step, vec![Write::Erase]).await?)
    }
}

const MAX_SKEW: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_not_printed() {
        let new = NewAccount {
            name: "Laptop".parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: Passphrase::typed("correct horse battery staple".to_owned().into()),
            invite: "let-me-in".to_owned(),
            ca: None,
        };
        let printed = format!("{new:?}");
        assert!(
            printed.contains("Laptop") && !printed.contains("let-me-in") && !printed.contains("horse"),
            "{printed}"
        );
    }
}
