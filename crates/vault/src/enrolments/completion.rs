use keyfold_crypto::{Hash, Namespace, exact, hash};
use keyfold_wire::{
    AccountId, EnrolmentId,
    v1::{EnrolmentCompletion, EnrolmentTranscript, RosterEntry, add_device::Transcript, roster_entry::Body},
};

use super::{EnrolmentError, Enrolments, GRACE, state::stored};
use crate::{
    Caller,
    storage::{Claim, EnrolmentRow, EnrolmentStep},
};

impl Enrolments {
    /// Tells the new device where its AddDevice stands. The approver's last word.
    ///
    /// # Errors
    /// [`EnrolmentError::Contradiction`] if that entry is not this enrolment's AddDevice.
    pub async fn complete(&self, caller: &Caller, id: EnrolmentId, bytes: &[u8]) -> Result<(), EnrolmentError> {
        let completion: EnrolmentCompletion = exact::decode(bytes, MAX_LEN)?;
        self.active(caller).await?;
        let claim = Some(Claim { account: caller.account, approver: caller.device });
        let same = |row: &EnrolmentRow| row.claim == claim && row.completion.as_deref() == Some(bytes);
        let row = self.row(id).await?;
        if same(&row) {
            return Ok(());
        }
        self.check_live(&row)?;
        if row.step != EnrolmentStep::Added {
            return Err(EnrolmentError::Step);
        }
        if row.claim != claim || completion.account != caller.account.as_bytes() {
            return Err(EnrolmentError::NotAMember);
        }
        if !matches!(completion.mac.len(), 0 | 32) {
            return Err(EnrolmentError::Field("the MAC has 32 bytes or is absent"));
        }
        self.check_entry(caller.account, id, &completion).await?;
        if !self.storage.complete(id, bytes, self.clock.now().saturating_sub(GRACE)).await? {
            return self.taken_meanwhile(id, same).await;
        }
        self.tell(id);
        Ok(())
    }

    /// Ends the enrolment for good: a check code was wrong, or a person said no. Whoever knows the id may.
    ///
    /// # Errors
    /// [`EnrolmentError::Step`] once AddDevice stands: what is left then is to remove the device. Failing twice is no
    /// error.
    pub async fn fail(&self, id: EnrolmentId) -> Result<(), EnrolmentError> {
        let row = self.row(id).await?;
        if row.failed {
            return Ok(());
        }
        if !self.storage.fail(id).await? {
            return Err(EnrolmentError::Step);
        }
        self.tell(id);
        Ok(())
    }

    async fn check_entry(
        &self,
        account: AccountId,
        id: EnrolmentId,
        completion: &EnrolmentCompletion,
    ) -> Result<(), EnrolmentError> {
        let other = EnrolmentError::Contradiction("the entry is not this enrolment's AddDevice");
        let Some(row) = self.storage.entry(account, completion.seq).await? else { return Err(other) };
        let named = Hash::try_from(completion.entry_hash.as_slice()).ok();
        if named != Some(hash(Namespace::RosterEntry, &row.entry.body)) {
            return Err(other);
        }
        let entry: RosterEntry = stored(&row.entry.body)?;
        let Some(Body::AddDevice(add)) = entry.body else { return Err(other) };
        let Some(Transcript::Enrolment(bytes)) = add.transcript else { return Err(other) };
        let transcript: EnrolmentTranscript = stored(&bytes)?;
        if transcript.enrolment == id.as_bytes() { Ok(()) } else { Err(other) }
    }
}

const MAX_LEN: usize = 256;
