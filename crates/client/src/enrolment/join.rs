use std::sync::Arc;

use keyfold_crypto::{
    EpochKey,
    epoch::{SealContext, sealed_hash},
};
use keyfold_ledger::{AddDevice, Body, Entry, Roster};

use super::{Completion, Confirmed, EnrolmentError, Opened};
use crate::{
    api::{Frame, MemberApi, PullFrom},
    device::{DeviceKeys, Passphrase},
    storage::{Condition, Profile, SealedKey, Write},
    sync::ChainFailure,
    vault::{LocalVault, UnlockedVault, VaultError, replay},
};

impl Confirmed {
    /// Waits for the AddDevice entry, verifies the account's roster from its genesis to that entry, and makes this
    /// profile the device; `ca` is what it pins, in PEM. The next sync takes the vault, from the head that the entry
    /// names.
    ///
    /// # Errors
    /// [`EnrolmentError`]; the profile is as empty as before.
    pub async fn join(self, passphrase: &Passphrase, ca: Option<Vec<u8>>) -> Result<UnlockedVault, EnrolmentError> {
        let completion = match self.completion {
            Some(completion) => completion,
            None => self.opened.completion().await?,
        };
        let Opened { api, storage, keys, account, approval, transcript, .. } = self.opened;
        let sealed_secrets = keys.seal(account, passphrase).map_err(|error| VaultError::Secrets(error.into()))?;
        let keys = Arc::new(keys);
        let member = MemberApi::new(api.clone(), account, Arc::clone(&keys));
        let (entries, sealed_keys) = pull_roster(&member, &completion).await?;
        let roster = replay(&entries)?;
        let added = added_by(&entries, &completion)?;
        let agreed = roster.account() == account
            && added.author().as_bytes() == approval.approver.as_slice()
            && added.prev().as_bytes() == approval.roster_head.as_slice()
            && roster.log_key().as_bytes() == approval.log_key;
        let Body::AddDevice(add) = added.body() else { return Err(OTHER_ENTRY) };
        if !agreed || add.transcript_bytes != transcript {
            return Err(OTHER_ENTRY);
        }
        let sealed_key = open_sealed_key(&keys, &roster, added, add, sealed_keys)?;
        let profile = Profile {
            account,
            device: keys.id(),
            server: api.server().as_str().to_owned(),
            ca,
            sealed_secrets,
            condition: Condition::Joining,
            stopped: None,
        };
        let mut writes = vec![Write::Profile(Box::new(profile)), Write::SealedKey(sealed_key)];
        writes.extend(entries.iter().map(|entry| Write::Entry { seq: entry.seq(), entry: entry.signed().clone() }));
        let step = storage.step().await?;
        storage.apply(&step, writes).await?;
        drop(step);
        Ok(LocalVault::open(storage, api.clock()).await?.unlocked_with(&keys))
    }
}

/// The roster up to the device's own entry, and the sealed keys that travel with it. The vault is the next sync's.
async fn pull_roster(
    member: &MemberApi,
    completion: &Completion,
) -> Result<(Vec<Entry>, Vec<SealedKey>), EnrolmentError> {
    let mut stream = member.pull(PullFrom::Snapshot(completion.seq)).await?;
    let (mut entries, mut sealed_keys) = (Vec::new(), Vec::new());
    while let Some(frame) = stream.frame().await? {
        match frame {
            Frame::Heads(_) | Frame::Link(_) => {}
            Frame::Entry(entry) => {
                let entry = Entry::parse(&entry)?;
                if entry.seq() <= completion.seq {
                    entries.push(entry);
                }
            }
            Frame::SealedKey(key) => sealed_keys.push(key.into()),
            Frame::Element(_) | Frame::Commit(_) | Frame::Envelope(_) | Frame::End(_) => break,
        }
    }
    Ok((entries, sealed_keys))
}

/// The entry that the approver's last word names: the last of those pulled.
fn added_by<'a>(entries: &'a [Entry], completion: &Completion) -> Result<&'a Entry, EnrolmentError> {
    let added = entries.last().ok_or(ChainFailure::Withheld("the account's roster"))?;
    if added.seq() == completion.seq && added.hash() == completion.entry { Ok(added) } else { Err(OTHER_ENTRY) }
}

/// The current epoch's key, held against the commitment in the signed chain.
fn open_sealed_key(
    keys: &DeviceKeys,
    roster: &Roster,
    added: &Entry,
    add: &AddDevice,
    sealed_keys: Vec<SealedKey>,
) -> Result<SealedKey, EnrolmentError> {
    let named = |key: &SealedKey| key.roster_seq == added.seq() && sealed_hash(&key.sealed) == add.sealed_key;
    let sealed = sealed_keys.into_iter().find(named).ok_or(ChainFailure::Withheld("this device's sealed key"))?;
    let epoch = roster.epoch();
    let context = SealContext { account: roster.account(), epoch: epoch.number, member: keys.id(), prev: added.prev() };
    EpochKey::open(&keys.author.wrapping, &context, &epoch.commitment, &sealed.sealed)
        .map_err(|_| EnrolmentError::Mismatch("the approver sealed another key"))?;
    Ok(sealed)
}

const OTHER_ENTRY: EnrolmentError = EnrolmentError::Mismatch("the roster holds another entry than the one agreed on");
