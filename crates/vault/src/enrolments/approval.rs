use keyfold_crypto::{SUITE, exact};
use keyfold_wire::{EnrolmentId, v1::EnrolmentApproval};

use super::{EnrolmentError, Enrolments};
use crate::{
    Caller,
    storage::{Claim, EnrolmentStep},
};

impl Enrolments {
    /// Claims the enrolment for the caller's account: the approver's part of the transcript, as its exact bytes.
    ///
    /// # Errors
    /// [`EnrolmentError::Step`] if another device claimed it first; repeating the same bytes is no error.
    pub async fn approve(&self, caller: &Caller, id: EnrolmentId, bytes: &[u8]) -> Result<(), EnrolmentError> {
        let approval: EnrolmentApproval = exact::decode(bytes, MAX_LEN)?;
        let (heads, roster) = self.rosters.current(caller.account).await?;
        roster.device(&caller.device).ok_or(EnrolmentError::NotAMember)?;
        let row = self.live(id).await?;
        if row.approval.as_deref() == Some(bytes) {
            return Ok(());
        }
        if row.step != EnrolmentStep::Begun {
            return Err(EnrolmentError::Step);
        }
        self.check(caller, id, &approval)?;
        if approval.roster_head != heads.roster_head.as_bytes() {
            return Err(EnrolmentError::RosterMoved);
        }
        let claim = Claim { account: caller.account, approver: caller.device };
        if !self.storage.approve(id, claim, bytes, self.clock.now()).await? {
            return Err(EnrolmentError::Step);
        }
        self.tell(id);
        Ok(())
    }

    fn check(&self, caller: &Caller, id: EnrolmentId, approval: &EnrolmentApproval) -> Result<(), EnrolmentError> {
        if approval.suite != SUITE {
            return Err(EnrolmentError::Field("the approval is of another suite"));
        }
        if approval.approver_nonce.len() != 32 {
            return Err(EnrolmentError::Field("the approver's nonce has 32 bytes"));
        }
        if approval.enrolment != id.as_bytes() {
            return Err(EnrolmentError::Contradiction("the approval names another enrolment"));
        }
        if approval.log_key != self.receipts.log_key().as_bytes() {
            return Err(EnrolmentError::Contradiction("the approval names another server's log key"));
        }
        if approval.account != caller.account.as_bytes() || approval.approver != caller.device.as_bytes() {
            return Err(EnrolmentError::NotAMember);
        }
        Ok(())
    }
}

const MAX_LEN: usize = 256;
