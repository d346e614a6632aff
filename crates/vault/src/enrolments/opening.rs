use keyfold_crypto::{MemberKeys, SUITE, enrolment::offer_commitment, exact, signing};
use keyfold_ledger::Description;
use keyfold_wire::{
    EnrolmentId,
    v1::{EnrolmentApproval, EnrolmentOffer, EnrolmentOpening, EnrolmentTranscript},
};
use prost::Message;

use super::{EnrolmentError, Enrolments, state::stored};
use crate::storage::{EnrolmentRow, EnrolmentStep, StorageError};

impl Enrolments {
    /// Opens the new device's commitment, now that the approver's part stands.
    ///
    /// # Errors
    /// [`EnrolmentError::Contradiction`] if it is not the offer that was committed to, or not signed by its own key.
    pub async fn open(&self, id: EnrolmentId, bytes: &[u8]) -> Result<(), EnrolmentError> {
        let opening: EnrolmentOpening = exact::decode(bytes, MAX_LEN)?;
        let same = |row: &EnrolmentRow| row.opening.as_deref() == Some(bytes);
        let row = self.row(id).await?;
        if same(&row) {
            return Ok(());
        }
        self.check_live(&row)?;
        if row.step != EnrolmentStep::Approved {
            return Err(EnrolmentError::Step);
        }
        if offer_commitment(&opening.offer) != row.commitment {
            return Err(EnrolmentError::Contradiction("the offer is not the one that was committed to"));
        }
        if !matches!(opening.mac.len(), 0 | 32) {
            return Err(EnrolmentError::Field("the MAC has 32 bytes or is absent"));
        }
        let offer: EnrolmentOffer = exact::decode(&opening.offer, MAX_LEN)?;
        if offer.suite != SUITE || offer.device_nonce.len() != 32 {
            return Err(EnrolmentError::Field("the offer is of another suite, or its nonce has not 32 bytes"));
        }
        let keys = MemberKeys::try_from(offer.device.as_ref())
            .map_err(|_| EnrolmentError::Field("the offer's keys are not keys"))?;
        Description::try_from(offer.description.as_ref())
            .map_err(|_| EnrolmentError::Field("a text of the offer could not be shown to a person as what it is"))?;
        let transcript = transcript(&row, offer)?;
        signing::verify_bytes::<EnrolmentTranscript>(keys.signing(), &transcript, &opening.signature)
            .map_err(|_| EnrolmentError::Contradiction("the new device did not sign this transcript"))?;
        if !self.storage.open(id, bytes, self.clock.now()).await? {
            return self.taken_meanwhile(id, same).await;
        }
        self.tell(id);
        Ok(())
    }
}

/// The bytes that both devices sign and compare: what the approver said, and what the new device offered.
pub(super) fn transcript(row: &EnrolmentRow, offer: EnrolmentOffer) -> Result<Vec<u8>, StorageError> {
    let approval: EnrolmentApproval = stored(row.approval.as_deref().unwrap_or_default())?;
    let transcript = EnrolmentTranscript {
        suite: SUITE,
        enrolment: approval.enrolment,
        account: approval.account,
        log_key: approval.log_key,
        approver: approval.approver,
        roster_head: approval.roster_head,
        device: offer.device,
        description: offer.description,
        device_nonce: offer.device_nonce,
        approver_nonce: approval.approver_nonce,
    };
    Ok(transcript.encode_to_vec())
}

/// Keys of 1,216 + 65 bytes, three texts of 64, nonce, signature, MAC.
const MAX_LEN: usize = 4 * 1024;
