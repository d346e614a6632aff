use std::cell::RefCell;

use keyfold_crypto::{
    SUITE,
    enrolment::offer_commitment,
    epoch::{SealContext, sealed_hash},
    random,
};
use keyfold_ledger::author::Author;
use keyfold_wire::{
    EnrolmentId,
    v1::{
        self, Accepted, AppendEntry, BeginEnrolment, BegunEnrolment, EnrolmentApproval, EnrolmentOffer,
        EnrolmentOpening, EnrolmentTranscript, SealedKey, add_device::Transcript, roster_entry::Body,
    },
};
use prost::Message;

use super::{Answer, Device, Server, Session, account::description, device::keys};

impl<'a> Device<'a> {
    /// A further device, let in by this one.
    pub(crate) fn enrolled_by(approver: &Device<'a>) -> Self {
        let (server, author) = (approver.server, keys());
        let offer = offer_of(&author);
        let id = enrolment_for(server, &offer);
        let approval = approver.approval(id);
        let path = |step: &str| format!("/v1/enrolments/{id}/{step}");
        assert_eq!(approver.post(&path("approval"), &approval).status, 204);
        let transcript = transcript(approval, &offer);
        let signed = author.signing.sign(&transcript);
        let opening =
            EnrolmentOpening { offer: offer.encode_to_vec(), signature: signed.signature.clone(), mac: Vec::new() };
        assert_eq!(server.post(&path("opening"), &opening.encode_to_vec()).status, 204);
        approver.add(&author.keys(), signed);
        let session = Session::open(server, approver.account(), &author);
        Self { server, author, held: RefCell::new(approver.held.borrow().clone()), session }
    }

    /// This device's part of an enrolment.
    pub(crate) fn approval(&self, enrolment: EnrolmentId) -> EnrolmentApproval {
        let held = self.held.borrow();
        let roster = held.account.roster();
        EnrolmentApproval {
            suite: SUITE,
            enrolment: enrolment.to_vec(),
            account: roster.account().to_vec(),
            log_key: roster.log_key().as_bytes().to_vec(),
            approver: self.id().to_vec(),
            roster_head: roster.head().to_vec(),
            approver_nonce: vec![2; 32],
        }
    }

    pub(super) fn add(&self, device: &keyfold_crypto::MemberKeys, signed: v1::Signed) {
        let (message, entry) = {
            let held = self.held.borrow();
            let roster = held.account.roster();
            let context = SealContext {
                account: roster.account(),
                epoch: roster.epoch().number,
                member: device.id(),
                prev: roster.head(),
            };
            let sealed = held.epoch_key.seal(device.wrapping(), &context, &mut random::system());
            let add = v1::AddDevice {
                transcript: Some(Transcript::Enrolment(signed.body)),
                signature: signed.signature,
                sealed_key_hash: sealed_hash(&sealed).to_vec(),
            };
            let entry = self.entry(&held, Body::AddDevice(add));
            let sealed_keys = vec![SealedKey { member: device.id().to_vec(), sealed }];
            (AppendEntry { entry: Some(entry.signed().clone()), sealed_keys, links: Vec::new() }, entry)
        };
        let _: Accepted = self.post("/v1/roster", &message).message();
        self.appended(&entry);
    }
}

/// Begins an enrolment, with more fields in the request's head.
pub(crate) fn begin(server: &Server, fields: &str) -> Answer {
    let body = BeginEnrolment { commitment: vec![3; 32] }.encode_to_vec();
    let length = body.len();
    server
        .line()
        .ask(&format!("POST /v1/enrolments HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{fields}\r\n"), &body)
}

pub(super) fn offer_of(author: &Author) -> EnrolmentOffer {
    EnrolmentOffer {
        suite: SUITE,
        device: Some(author.keys().to_wire()),
        description: Some(description()),
        device_nonce: vec![1; 32],
    }
}

fn enrolment_for(server: &Server, offer: &EnrolmentOffer) -> EnrolmentId {
    let commitment = offer_commitment(&offer.encode_to_vec()).to_vec();
    let begun: BegunEnrolment = server.post("/v1/enrolments", &BeginEnrolment { commitment }.encode_to_vec()).message();
    EnrolmentId::try_from(begun.enrolment.as_slice()).unwrap()
}

pub(super) fn transcript(approval: EnrolmentApproval, offer: &EnrolmentOffer) -> EnrolmentTranscript {
    EnrolmentTranscript {
        suite: SUITE,
        enrolment: approval.enrolment,
        account: approval.account,
        log_key: approval.log_key,
        approver: approval.approver,
        roster_head: approval.roster_head,
        device: offer.device.clone(),
        description: offer.description.clone(),
        device_nonce: offer.device_nonce.clone(),
        approver_nonce: approval.approver_nonce,
    }
}
