use keyfold_crypto::{SUITE, exact};
use keyfold_wire::v1::{EnrolmentApproval, EnrolmentOffer, EnrolmentTranscript};
use prost::Message;

use super::EnrolmentError;

/// The bytes that the new device signs and that both devices compare: each side's part, as it made it.
pub(super) fn transcript(approval: &EnrolmentApproval, offer: &EnrolmentOffer) -> Vec<u8> {
    let transcript = EnrolmentTranscript {
        suite: SUITE,
        enrolment: approval.enrolment.clone(),
        account: approval.account.clone(),
        log_key: approval.log_key.clone(),
        approver: approval.approver.clone(),
        roster_head: approval.roster_head.clone(),
        device: offer.device.clone(),
        description: offer.description.clone(),
        device_nonce: offer.device_nonce.clone(),
        approver_nonce: approval.approver_nonce.clone(),
    };
    transcript.encode_to_vec()
}

pub(super) fn read_approval(bytes: &[u8]) -> Result<EnrolmentApproval, EnrolmentError> {
    let approval: EnrolmentApproval =
        exact::decode(bytes, MAX_LEN).map_err(|_| EnrolmentError::Mismatch("the approval is malformed"))?;
    if approval.suite != SUITE || approval.approver_nonce.len() != 32 {
        return Err(EnrolmentError::Mismatch("the approval is of another version"));
    }
    Ok(approval)
}

pub(super) fn read_offer(bytes: &[u8]) -> Result<EnrolmentOffer, EnrolmentError> {
    let offer: EnrolmentOffer =
        exact::decode(bytes, MAX_LEN).map_err(|_| EnrolmentError::Mismatch("the offer is malformed"))?;
    if offer.suite != SUITE || offer.device_nonce.len() != 32 {
        return Err(EnrolmentError::Mismatch("the offer is of another version"));
    }
    Ok(offer)
}

const MAX_LEN: usize = 4 * 1024;
