use keyfold_crypto::{SUITE, enrolment::offer_commitment, epoch::sealed_hash, exact};
use keyfold_ledger::{Entry, author::Author};
use keyfold_wire::{
    EnrolmentId, MemberId,
    v1::{
        self, AddDevice, AppendEntry, BeginEnrolment, EnrolmentApproval, EnrolmentCompletion, EnrolmentOffer,
        EnrolmentOpening, EnrolmentTranscript, add_device::Transcript, roster_entry::Body,
    },
};
use prost::Message;

use crate::{
    household::{Household, description, device},
    server::Server,
};

/// A phone that wants to join.
pub(crate) struct Newcomer {
    pub(crate) phone: Author,
    pub(crate) enrolment: EnrolmentId,
    pub(crate) short_code: String,
    offer: EnrolmentOffer,
}

impl Newcomer {
    pub(crate) async fn begins(server: &Server) -> Self {
        Self::begins_as(server, description("Phone")).await
    }

    pub(crate) async fn begins_as(server: &Server, description: v1::DeviceDescription) -> Self {
        let phone = device();
        let offer = EnrolmentOffer {
            suite: SUITE,
            device: Some(phone.keys().to_wire()),
            description: Some(description),
            device_nonce: vec![6; 32],
        };
        let commitment = offer_commitment(&offer.encode_to_vec()).to_vec();
        let begun = server.services.enrolments.begin(&BeginEnrolment { commitment }).await.unwrap();
        let enrolment = begun.enrolment.as_slice().try_into().unwrap();
        Self { phone, enrolment, short_code: begun.short_code, offer }
    }

    pub(crate) fn id(&self) -> MemberId {
        self.phone.keys().id()
    }

    /// The offer and the signature over the transcript that it makes with this approval.
    pub(crate) fn opening(&self, approval: &[u8]) -> Vec<u8> {
        let signature = self.phone.signing.sign_bytes::<EnrolmentTranscript>(&self.transcript(approval));
        let (offer, signature) = (self.offer.encode_to_vec(), signature.as_bytes().to_vec());
        EnrolmentOpening { offer, signature, mac: Vec::new() }.encode_to_vec()
    }

    fn transcript(&self, approval: &[u8]) -> Vec<u8> {
        let approval: EnrolmentApproval = exact::decode(approval, approval.len()).unwrap();
        let offer = self.offer.clone();
        EnrolmentTranscript {
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
        }
        .encode_to_vec()
    }
}

impl Household {
    /// The laptop's part of the transcript.
    pub(crate) fn approval(&self, newcomer: &Newcomer) -> Vec<u8> {
        let caller = self.caller();
        EnrolmentApproval {
            suite: SUITE,
            enrolment: newcomer.enrolment.to_vec(),
            account: caller.account.to_vec(),
            log_key: self.account.roster().log_key().as_bytes().to_vec(),
            approver: caller.device.to_vec(),
            roster_head: self.roster_head().to_vec(),
            approver_nonce: vec![7; 32],
        }
        .encode_to_vec()
    }

    /// The entry that lets the newcomer in.
    pub(crate) fn welcome(&self, newcomer: &Newcomer, approval: &[u8]) -> AppendEntry {
        let sealed = self.sealed_to(&newcomer.phone.keys());
        let transcript = newcomer.transcript(approval);
        let signature = newcomer.phone.signing.sign_bytes::<EnrolmentTranscript>(&transcript);
        let entry = self.entry(Body::AddDevice(AddDevice {
            transcript: Some(Transcript::Enrolment(transcript)),
            signature: signature.as_bytes().to_vec(),
            sealed_key_hash: sealed_hash(&sealed.sealed).to_vec(),
        }));
        AppendEntry { sealed_keys: vec![sealed], ..entry }
    }

    /// The laptop's last word: where the newcomer's entry stands.
    pub(crate) fn completion(&self, welcome: &AppendEntry) -> Vec<u8> {
        let entry = Entry::parse(welcome.entry.as_ref().unwrap()).unwrap();
        EnrolmentCompletion {
            account: self.caller().account.to_vec(),
            seq: entry.seq(),
            entry_hash: entry.hash().to_vec(),
            mac: Vec::new(),
        }
        .encode_to_vec()
    }

    /// Takes both sides to where the laptop may let the newcomer in; gives the approval.
    pub(crate) async fn meet(&self, server: &Server, newcomer: &Newcomer) -> Vec<u8> {
        let approval = self.approval(newcomer);
        let enrolments = &server.services.enrolments;
        enrolments.approve(&self.caller(), newcomer.enrolment, &approval).await.unwrap();
        enrolments.open(newcomer.enrolment, &newcomer.opening(&approval)).await.unwrap();
        approval
    }

    /// The whole way, from the phone's beginning to the laptop's last word.
    pub(crate) async fn enrol(&mut self, server: &Server) -> Newcomer {
        let newcomer = Newcomer::begins(server).await;
        let approval = self.meet(server, &newcomer).await;
        let welcome = self.welcome(&newcomer, &approval);
        self.append(server, welcome.clone()).await.unwrap();
        let completion = self.completion(&welcome);
        server.services.enrolments.complete(&self.caller(), newcomer.enrolment, &completion).await.unwrap();
        newcomer
    }
}
