//! Who holds a recovery code, as the protocol has it: the SDK would derive keys from passphrases and open a database of its own.
//! Over the real storages the SDK does it.

use std::sync::Arc;

use keyfold_client::{
    AccountId, Clock, RecoveryCode,
    api::Api,
    device::{DeviceKeys, DeviceName, KeyringKey, Owner, describe},
    storage::{Storage, Write},
    sync::SyncEngine,
    vault::{Held, LocalVault},
};
use keyfold_crypto::{
    EpochKey, SUITE,
    epoch::{SealContext, sealed_hash},
    keyring, random,
};
use keyfold_ledger::{Account, Entry};
use keyfold_tests::memory::MemoryProfile;
use keyfold_wire::v1::{
    AddDevice, AppendEntry, DeviceSecrets, RecoveryBegin, RecoveryTranscript, SealedKey, Signed,
    add_device::Transcript, roster_entry::Body,
};
use prost::Message;

use crate::{newcomer::begin_profile, pocket::Pocket};

/// Whoever has the code, as the member that it is.
pub(crate) struct Holder {
    engine: SyncEngine,
    account: AccountId,
    founding: [Signed; 2],
}

impl Holder {
    /// The account's recovery member, if this code is it on the server that `api` leads to.
    pub(crate) async fn of(
        code: &RecoveryCode,
        account: AccountId,
        founding: &[Signed; 2],
        api: &Api,
        clock: Arc<dyn Clock>,
    ) -> Option<Self> {
        api.accounts_by_recovery(&code.lookup()).await.ok()?;
        let (storage, keys) = (MemoryProfile::default(), member_keys(code, account));
        let key = begin_profile(&storage, account, &keys, founded(founding)).await;
        let local = LocalVault::open(Arc::new(storage), clock).await.unwrap();
        let vault = local.unlock_by_keyring(&Pocket::with(&key)).await.unwrap().unwrap();
        let engine = SyncEngine::new(vault, api.clone());
        Box::pin(engine.look()).await.ok()?;
        let holder = Self { engine, account, founding: founding.clone() };
        let is_own = holder.held().await.roster.recovery().is_some_and(|(id, _)| id == keys.id());
        is_own.then_some(holder)
    }

    /// Names the device that the code shall let in, which it gives, unless another recovery is under way.
    pub(crate) async fn begins(&self, name: &DeviceName) -> Option<Arc<DeviceKeys>> {
        let device = DeviceKeys::generate(keyfold_client::SigningAlgorithm::Ed25519, &mut random::system());
        let body = RecoveryBegin { device: Some(device.public().to_wire()), description: Some(describe(name)) };
        self.appends(Body::RecoveryBegin(body), Vec::new()).await?;
        Some(device.into())
    }

    /// When this device may be let in; `None` if it may not be.
    pub(crate) async fn due_at(&self, device: &DeviceKeys) -> Option<u64> {
        let held = self.held().await;
        held.roster
            .pending_recovery()
            .filter(|pending| pending.device.id() == device.id())
            .map(|pending| pending.due_at)
    }

    /// Lets the device in and lays down its profile, that a keyring opens.
    pub(crate) async fn lets_in(&self, device: &DeviceKeys, storage: &dyn Storage) -> Option<KeyringKey> {
        let held = self.held().await;
        let begin = held.roster.pending_recovery()?.begin;
        let (epoch, key) = self.epoch_key(&held).await?;
        let context = SealContext { account: self.account, epoch, member: device.id(), prev: held.roster.head() };
        let sealed = key.seal(device.public().wrapping(), &context, &mut random::system());
        let transcript = RecoveryTranscript {
            suite: SUITE,
            account: self.account.to_vec(),
            begin: begin.to_vec(),
            device: Some(device.public().to_wire()),
        };
        let transcript = transcript.encode_to_vec();
        let signature = device.author.signing.sign_bytes::<RecoveryTranscript>(&transcript);
        let add = AddDevice {
            transcript: Some(Transcript::Recovery(transcript)),
            signature: signature.as_bytes().to_vec(),
            sealed_key_hash: sealed_hash(&sealed).to_vec(),
        };
        self.appends(Body::AddDevice(add), vec![SealedKey { member: device.id().to_vec(), sealed }]).await?;
        Some(begin_profile(storage, self.account, device, founded(&self.founding)).await)
    }

    async fn held(&self) -> Held {
        self.engine.vault().local().held().await.unwrap()
    }

    async fn appends(&self, body: Body, sealed_keys: Vec<SealedKey>) -> Option<()> {
        let held = self.held().await;
        let place = held.roster.next(self.engine.vault().local().clock().now(), held.account()?.vault().head());
        let entry = self.engine.vault().keys().author.sign(&place, body).ok()?;
        let message = AppendEntry { entry: Some(entry.signed().clone()), sealed_keys, links: Vec::new() };
        self.engine.api().append(&message.encode_to_vec()).await.ok().map(drop)
    }

    async fn epoch_key(&self, held: &Held) -> Option<(u64, EpochKey)> {
        let chains = self.engine.vault().local().storage().chains().await.unwrap();
        let (epoch, keys) = (held.roster.epoch(), self.engine.vault().keys());
        let opened = chains.sealed_keys.iter().find_map(|sealed| {
            let prev = held.entries.get(usize::try_from(sealed.roster_seq).unwrap())?.prev();
            let context = SealContext { account: self.account, epoch: epoch.number, member: keys.id(), prev };
            EpochKey::open(&keys.author.wrapping, &context, &epoch.commitment, &sealed.sealed).ok()
        });
        Some((epoch.number, opened?))
    }
}

/// The keys that a code comes to in an account.
pub(crate) fn member_keys(code: &RecoveryCode, account: AccountId) -> DeviceKeys {
    let keys = code.keys(&account).unwrap();
    let owner = Owner { account, device: keys.public().id() };
    let secrets = DeviceSecrets {
        version: 1,
        account: account.to_vec(),
        signing_algorithm: 1,
        signing_key: keys.signing.expose().to_vec(),
        wrapping_key: keys.wrapping.expose().to_vec(),
        local_key: random::bytes::<32>(&mut random::system()).to_vec(),
    };
    // The SDK reads a device's secrets only as they rest somewhere.
    let (key, sealed) = keyring::seal(&owner, &secrets.encode_to_vec(), &mut random::system());
    DeviceKeys::open_with_key(&sealed, &owner, &key).unwrap()
}

/// The account as it was founded: what comes after it a pull brings, and verifies.
fn founded(founding: &[Signed; 2]) -> Vec<Write> {
    let [genesis, rotation] = founding.each_ref().map(|entry| Entry::parse(entry).unwrap());
    let account = Account::found(&genesis, &rotation).unwrap();
    let entry = |seq: u64, entry: &Entry| Write::Entry { seq, entry: entry.signed().clone() };
    vec![entry(0, &genesis), entry(1, &rotation), Write::Vault(Box::new(account.vault().parts().clone()))]
}
