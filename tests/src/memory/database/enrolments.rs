use async_trait::async_trait;
use keyfold_vault::storage::{
    AccountId, Claim, EnrolmentId, EnrolmentRow, EnrolmentStep, EnrolmentStorage, GuessStorage, GuessWindow, MemberId,
    NewEnrolment, NonceStorage, StorageError,
};

use super::{MemoryDatabase, rows::Rows};

#[async_trait]
impl EnrolmentStorage for MemoryDatabase {
    async fn begin_enrolment(&self, new: NewEnrolment) -> Result<bool, StorageError> {
        let mut rows = self.rows();
        let is_taken = rows.enrolments.values().any(|(code, _)| *code == new.short_code);
        if is_taken || rows.enrolments.contains_key(&new.enrolment) {
            return Ok(false);
        }
        let row = EnrolmentRow {
            enrolment: new.enrolment,
            commitment: new.commitment,
            expires_at: new.expires_at,
            step: EnrolmentStep::Begun,
            failed: false,
            claim: None,
            approval: None,
            opening: None,
            completion: None,
        };
        rows.enrolments.insert(new.enrolment, (new.short_code, row));
        Ok(true)
    }

    async fn enrolment(&self, enrolment: EnrolmentId) -> Result<Option<EnrolmentRow>, StorageError> {
        Ok(self.rows().enrolments.get(&enrolment).map(|(_, row)| row.clone()))
    }

    async fn enrolment_by_code(&self, short_code: &str) -> Result<Option<EnrolmentRow>, StorageError> {
        let rows = self.rows();
        Ok(rows.enrolments.values().find(|(code, _)| code == short_code).map(|(_, row)| row.clone()))
    }

    async fn approve(&self, id: EnrolmentId, claim: Claim, approval: &[u8], now: u64) -> Result<bool, StorageError> {
        Ok(self.rows().take_step(id, EnrolmentStep::Approved, now, |row| {
            (row.claim, row.approval) = (Some(claim), Some(approval.to_vec()));
        }))
    }

    async fn open(&self, id: EnrolmentId, opening: &[u8], now: u64) -> Result<bool, StorageError> {
        Ok(self.rows().take_step(id, EnrolmentStep::Opened, now, |row| row.opening = Some(opening.to_vec())))
    }

    async fn complete(&self, id: EnrolmentId, completion: &[u8], expires_after: u64) -> Result<bool, StorageError> {
        let completed = |row: &mut EnrolmentRow| row.completion = Some(completion.to_vec());
        Ok(self.rows().take_step(id, EnrolmentStep::Completed, expires_after, completed))
    }

    async fn fail(&self, id: EnrolmentId) -> Result<bool, StorageError> {
        let mut rows = self.rows();
        let row = rows.enrolments.get_mut(&id).filter(|(_, row)| row.step < EnrolmentStep::Added);
        Ok(row.map(|(_, row)| row.failed = true).is_some())
    }
}

impl Rows {
    /// Takes an enrolment to this step from the one just before it, unless it has failed or expired.
    pub(super) fn take_step(
        &mut self,
        id: EnrolmentId,
        to: EnrolmentStep,
        expires_after: u64,
        and: impl FnOnce(&mut EnrolmentRow),
    ) -> bool {
        let Some((_, row)) = self.enrolments.get_mut(&id) else { return false };
        let is_next = before(to) == Some(row.step);
        if !is_next || row.failed || row.expires_at <= expires_after {
            return false;
        }
        row.step = to;
        and(row);
        true
    }
}

const fn before(step: EnrolmentStep) -> Option<EnrolmentStep> {
    match step {
        EnrolmentStep::Begun => None,
        EnrolmentStep::Approved => Some(EnrolmentStep::Begun),
        EnrolmentStep::Opened => Some(EnrolmentStep::Approved),
        EnrolmentStep::Added => Some(EnrolmentStep::Opened),
        EnrolmentStep::Completed => Some(EnrolmentStep::Added),
    }
}

#[async_trait]
impl GuessStorage for MemoryDatabase {
    async fn count_guess(
        &self,
        account: AccountId,
        device: MemberId,
        window: GuessWindow,
        now: u64,
    ) -> Result<bool, StorageError> {
        let mut rows = self.rows();
        let (began, wrong) = rows.guesses.entry((account, device)).or_insert((now, 0));
        if *began <= now.saturating_sub(window.length) {
            (*began, *wrong) = (now, 0);
        }
        let counts = *wrong < window.limit;
        *wrong += u16::from(counts);
        Ok(counts)
    }

    async fn return_guess(&self, account: AccountId, device: MemberId) -> Result<(), StorageError> {
        if let Some((_, wrong)) = self.rows().guesses.get_mut(&(account, device)) {
            *wrong = wrong.saturating_sub(1);
        }
        Ok(())
    }
}

#[async_trait]
impl NonceStorage for MemoryDatabase {
    async fn use_nonce(&self, account: AccountId, nonce: [u8; 16], expires_at: u64) -> Result<bool, StorageError> {
        let mut rows = self.rows();
        let is_new = !rows.nonces.contains_key(&(account, nonce));
        if is_new {
            rows.nonces.insert((account, nonce), expires_at);
        }
        Ok(is_new)
    }
}
