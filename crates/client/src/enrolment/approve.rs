use keyfold_crypto::{
    enrolment::CheckCode,
    epoch::{SealContext, sealed_hash},
    random,
};
use keyfold_ledger::Entry;
use keyfold_wire::v1::{AddDevice, EnrolmentCompletion, SealedKey, add_device::Transcript, roster_entry::Body};

use super::{
    EnrolmentError,
    approver::{Approval, Candidate, Checked, storage},
};
use crate::{
    api::ApiError,
    sync::{EntryKeys, NotAppended, SyncError},
};

/// A device that is in the account now.
#[derive(Debug)]
pub struct Added {
    /// What this device shows for the new one to make sure of it, should that be asked for its check code.
    pub check_code: CheckCode,
    /// Why the new device could not be told; it is in the account all the same, and learns so when it asks again.
    pub not_told: Option<ApiError>,
}

impl Checked<'_> {
    /// Seals the current epoch's key to the new device and appends its AddDevice entry, over the very roster head that
    /// the transcript names. Nothing of the entry is kept to be sent later: either it stands when this returns, or it does
    /// not, or [`EnrolmentError::MaybeAdded`] says that nobody could be asked.
    ///
    /// # Errors
    /// [`EnrolmentError::RosterMoved`] if another entry came first: start again, nobody failed.
    pub async fn approve(self) -> Result<Added, EnrolmentError> {
        let candidate = self.0;
        let entry = match candidate.append().await {
            Ok(entry) => entry,
            // The enrolment is left alone: if the entry stands, the new device can still join.
            Err(error @ EnrolmentError::MaybeAdded(_)) => return Err(error),
            Err(error) => return Err(candidate.approval.fail(error).await),
        };
        let Candidate { approval, codes, .. } = candidate;
        Ok(Added { check_code: codes.from_approver, not_told: approval.complete(&entry).await.err() })
    }
}

impl Candidate<'_> {
    async fn append(&self) -> Result<Entry, EnrolmentError> {
        let engine = self.approval.engine;
        let step = storage(engine).step().await?;
        let held = engine.vault().local().held().await?;
        if held.roster.head().as_bytes() != self.approval.approval.roster_head.as_slice() {
            return Err(EnrolmentError::RosterMoved);
        }
        let epoch_keys = engine.vault().epoch_keys(&held);
        let (epoch, epoch_key) = epoch_keys.current().ok_or(SyncError::NoEpochKey)?;
        let member = self.keys.id();
        let context = SealContext { account: held.roster.account(), epoch, member, prev: held.roster.head() };
        let sealed = epoch_key.seal(self.keys.wrapping(), &context, &mut random::system());
        let body = Body::AddDevice(AddDevice {
            transcript: Some(Transcript::Enrolment(self.transcript.clone())),
            signature: self.opening.signature.clone(),
            sealed_key_hash: sealed_hash(&sealed).to_vec(),
        });
        let entry = engine.sign_entry(&held, body)?;
        let sealed = vec![SealedKey { member: member.to_vec(), sealed }];
        let keys = EntryKeys { sealed, ..EntryKeys::default() };
        match engine.append_now(&step, &held, entry.clone(), keys).await {
            Ok(()) => Ok(entry),
            Err(NotAppended::Refused(error)) => Err(error.into()),
            Err(NotAppended::Unknown(error)) => Err(EnrolmentError::MaybeAdded(error)),
        }
    }
}

impl Approval<'_> {
    /// Tells the new device where its entry stands. To tell it again changes nothing.
    async fn complete(&self, entry: &Entry) -> Result<(), ApiError> {
        let completion = EnrolmentCompletion {
            account: self.approval.account.clone(),
            seq: entry.seq(),
            entry_hash: entry.hash().to_vec(),
            mac: self.qr.as_ref().map(|qr| qr.secret.entry_mac(&entry.hash()).to_vec()).unwrap_or_default(),
        };
        for _ in 1..MAX_SENDS {
            match self.engine.api().complete_enrolment(self.id, &completion).await {
                Err(ApiError::Transport(_)) => {}
                told => return told,
            }
        }
        self.engine.api().complete_enrolment(self.id, &completion).await
    }
}

/// Attempts to tell the new device.
const MAX_SENDS: u32 = 3;
