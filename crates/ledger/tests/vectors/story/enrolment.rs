use keyfold_crypto::{
    EpochKey, Hash,
    enrolment::offer_commitment,
    epoch::{SealContext, sealed_hash},
};
use keyfold_ledger::{Account, Entry, author::Author};
use keyfold_wire::v1;
use prost::Message;
use v1::roster_entry::Body;

use super::{Phone, T0, description, next};
use crate::fixed::{Fixed, fixed};

/// What the two devices said to each other.
pub(crate) struct Enrolment {
    pub(crate) offer: v1::EnrolmentOffer,
    pub(crate) commitment: Hash,
    pub(crate) approval: v1::EnrolmentApproval,
    pub(crate) transcript: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// The entry by which the phone joined, and the epoch key that came with it.
pub(crate) struct Joined {
    pub(crate) entry: Entry,
    pub(crate) context: SealContext,
    pub(crate) sealed: Vec<u8>,
}

impl Enrolment {
    pub(super) fn held(account: &Account, laptop: &Author, phone: &Phone) -> Self {
        let offer = v1::EnrolmentOffer {
            suite: 1,
            device: Some(phone.keys().to_wire()),
            description: Some(description("Phone")),
            device_nonce: fixed::<32>("device nonce").to_vec(),
        };
        let approval = v1::EnrolmentApproval {
            suite: 1,
            enrolment: fixed::<16>("enrolment").to_vec(),
            account: account.roster().account().to_vec(),
            log_key: account.roster().log_key().as_bytes().to_vec(),
            approver: laptop.keys().id().to_vec(),
            roster_head: account.roster().head().to_vec(),
            approver_nonce: fixed::<32>("approver nonce").to_vec(),
        };
        let transcript = transcript(&offer, &approval).encode_to_vec();
        let signature = phone.sign::<v1::EnrolmentTranscript>(&transcript);
        let commitment = offer_commitment(&offer.encode_to_vec());
        Self { offer, commitment, approval, transcript, signature }
    }
}

fn transcript(offer: &v1::EnrolmentOffer, approval: &v1::EnrolmentApproval) -> v1::EnrolmentTranscript {
    v1::EnrolmentTranscript {
        suite: 1,
        enrolment: approval.enrolment.clone(),
        account: approval.account.clone(),
        log_key: approval.log_key.clone(),
        approver: approval.approver.clone(),
        roster_head: approval.roster_head.clone(),
        device: offer.device.clone(),
        description: offer.description.clone(),
        device_nonce: offer.device_nonce.clone(),
        approver_nonce: approval.approver_nonce.clone(),
    }
}

impl Joined {
    pub(super) fn by(
        account: &Account,
        laptop: &Author,
        phone: &Phone,
        epoch_key: &EpochKey,
        enrolment: &Enrolment,
    ) -> Self {
        let place = next(account, T0 + 60_000);
        let context =
            SealContext { account: account.roster().account(), epoch: 1, member: phone.id(), prev: place.prev };
        let sealed = epoch_key.seal(phone.keys().wrapping(), &context, &mut Fixed::new("phone sealed key"));
        let body = Body::AddDevice(v1::AddDevice {
            transcript: Some(v1::add_device::Transcript::Enrolment(enrolment.transcript.clone())),
            signature: enrolment.signature.clone(),
            sealed_key_hash: sealed_hash(&sealed).to_vec(),
        });
        Self { entry: laptop.sign(&place, body).unwrap(), context, sealed }
    }
}
