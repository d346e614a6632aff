use keyfold_wire::v1::EnrolmentState;

use super::{EnrolmentError, Enrolments, short_code, state};
use crate::{Caller, storage::EnrolmentRow};

impl Enrolments {
    /// Finds the enrolment that a person read off the new device.
    ///
    /// # Errors
    /// [`EnrolmentError::Unknown`] counts as a guess; after three in ten minutes every code is refused with
    /// [`EnrolmentError::TooManyGuesses`], right ones too.
    pub async fn find(&self, caller: &Caller, code: &str) -> Result<EnrolmentState, EnrolmentError> {
        self.active(caller).await?;
        let now = self.clock.now();
        if !self.storage.count_guess(caller.account, caller.device, self.guesses, now).await? {
            return Err(EnrolmentError::TooManyGuesses);
        }
        let code = short_code::parse(code).ok_or(EnrolmentError::Unknown)?;
        let row = self.storage.enrolment_by_code(&code).await?;
        // One that another account has claimed is none of this caller's, and finding it is a wrong guess like any other.
        let ours = |row: &EnrolmentRow| row.claim.is_none_or(|claim| claim.account == caller.account);
        let row = row.filter(ours).ok_or(EnrolmentError::Unknown)?;
        self.storage.return_guess(caller.account, caller.device).await?;
        self.check_live(&row)?;
        state::message(&row)
    }
}
