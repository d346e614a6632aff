use std::sync::Arc;

use keyfold_crypto::{
    EpochKey,
    epoch::{SealContext, sealed_hash},
};
use keyfold_ledger::{AddDevice, Body, Entry, Roster};

use super::{
    Completion, Confirmed, EnrolmentError, Opened,
    pending::{Check, Pending},
    resume::is_member,
};
use crate::{
    api::{Frame, MemberApi, PullFrom},
    device::DeviceKeys,
    storage::{Condition, SealedKey, Write},
    sync::ChainFailure,
    vault::{LocalVault, UnlockedVault, replay},
};

impl Confirmed {
    /// Waits for the AddDevice entry, verifies the account's roster from its genesis to that entry, and makes this
    /// profile the device. The next sync takes the vault, from the head that the entry names.
    ///
    /// # Errors
    /// [`EnrolmentError`]; the profile keeps the enrolment.
    pub async fn join(self) -> Result<UnlockedVault, EnrolmentError> {
        let opened = self.0;
        let member = MemberApi::new(opened.api.clone(), opened.pending.account, Arc::clone(&opened.keys));
        let completion = last_word(&opened, &member).await?;
        let (entries, sealed_keys) = pull_roster(&member, completion.as_ref(), &opened.pending).await?;
        let roster = replay(&entries)?;
        let (added, add) = added_by(&entries, completion.as_ref(), &opened.pending)?;
        let approval = &opened.pending.approval;
        let agreed = roster.account() == opened.pending.account
            && added.author().as_bytes() == approval.approver.as_slice()
            && added.prev().as_bytes() == approval.roster_head.as_slice()
            && roster.log_key().as_bytes() == approval.log_key;
        if !agreed {
            return Err(OTHER_ENTRY);
        }
        let sealed_key = open_sealed_key(&opened.keys, &roster, added, add, sealed_keys)?;
        let mut writes =
            vec![Write::Condition(Condition::Joining), Write::SealedKey(sealed_key), Write::ClearEnrolment];
        writes.extend(entries.iter().map(|entry| Write::Entry { seq: entry.seq(), entry: entry.signed().clone() }));
        let step = opened.own_step().await?;
        opened.storage.apply(&step, writes).await?;
        drop(step);
        Ok(LocalVault::open(opened.storage, opened.api.clock()).await?.unlocked_with(&opened.keys))
    }
}

/// Where the approver says that the entry stands; `None` if it never said so and the device is a member all the same. Then
/// the transcript alone names the entry, which is what a check code confirms.
async fn last_word(opened: &Opened, member: &MemberApi) -> Result<Option<Completion>, EnrolmentError> {
    if let Some(Check::Mac(completion)) = &opened.pending.held {
        return Ok(Some(completion.clone()));
    }
    match opened.completion().await {
        Ok(completion) => Ok(Some(completion)),
        Err(EnrolmentError::Expired) if is_member(member).await? => Ok(None),
        Err(error) => Err(error),
    }
}

/// The roster up to the device's own entry, and the sealed keys that travel with it. The vault is the next sync's.
async fn pull_roster(
    member: &MemberApi,
    completion: Option<&Completion>,
    pending: &Pending,
) -> Result<(Vec<Entry>, Vec<SealedKey>), EnrolmentError> {
    let from = completion.map_or(PullFrom::Nothing, |completion| PullFrom::Snapshot(completion.seq));
    let mut stream = member.pull(from).await?;
    let (mut entries, mut sealed_keys) = (Vec::new(), Vec::new());
    while let Some(frame) = stream.frame().await? {
        match frame {
            Frame::Heads(_) | Frame::BriefHeads(_) | Frame::Link(_) => {}
            // Later entries are the next sync's.
            Frame::Entry(_) if entries.last().is_some_and(|entry| adds(entry, pending).is_some()) => {}
            Frame::Entry(entry) => entries.push(Entry::parse(&entry)?),
            Frame::SealedKey(key) => sealed_keys.push(key.into()),
            Frame::Element(_) | Frame::Commit(_) | Frame::BriefCommit(_) | Frame::Envelope(_) | Frame::End(_) => break,
        }
    }
    Ok((entries, sealed_keys))
}

/// The entry that lets the device in over this very transcript.
fn adds<'a>(entry: &'a Entry, pending: &Pending) -> Option<&'a AddDevice> {
    match entry.body() {
        Body::AddDevice(add) if add.transcript_bytes == pending.transcript => Some(add),
        _ => None,
    }
}

/// The last entry of those pulled, which must be the one that lets the device in, and that the approver named.
fn added_by<'a>(
    entries: &'a [Entry],
    completion: Option<&Completion>,
    pending: &Pending,
) -> Result<(&'a Entry, &'a AddDevice), EnrolmentError> {
    let added = entries.last().ok_or(ChainFailure::Withheld("the account's roster"))?;
    let named = completion.is_none_or(|word| word.seq == added.seq() && word.entry == added.hash());
    adds(added, pending).filter(|_| named).map(|add| (added, add)).ok_or(OTHER_ENTRY)
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
