use keyfold_crypto::{SUITE, exact};
use keyfold_wire::{EnrolmentId, v1::EnrolmentApproval};

use super::{EnrolmentError, Enrolments};
use crate::{
    Caller,
    storage::{Claim, EnrolmentRow, EnrolmentStep},
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
        let claim = Claim { account: caller.account, approver: caller.device };
        let same = |row: &EnrolmentRow| row.claim == Some(claim) && row.approval.as_deref() == Some(bytes);
        let row = self.row(id).await?;
        if same(&row) {
            return Ok(());
        }
        self.check_live(&row)?;
        if row.step != EnrolmentStep::Begun {
            return Err(EnrolmentError::Step);
        }
        self.check(caller, id, &approval)?;
        if approval.roster_head != heads.roster_head.as_bytes() {
            return Err(EnrolmentError::RosterMoved(Box::new(self.heads.message(caller.account, &heads))));
        }
        if !self.storage.approve(id, claim, bytes, self.clock.now()).await? {
            return self.taken_meanwhile(id, same).await;
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
