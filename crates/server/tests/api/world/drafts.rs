//! Messages before they are sent, for tests that change something about them.

use keyfold_crypto::{SUITE, Signable, SigningAlgorithm, VerifyingKey, enrolment::offer_commitment, random};
use keyfold_ledger::{
    Entry,
    author::{Author, Rotation, found},
};
use keyfold_wire::{
    EnrolmentId,
    v1::{
        self, AccountDelete, BeginEnrolment, BegunEnrolment, CreateAccount, EnrolmentApproval, EnrolmentOffer,
        EnrolmentOpening, EnrolmentTranscript, Push, RenameDevice, RosterEntry, ServerInfo, Signed, roster_entry::Body,
    },
};
use prost::Message;

use super::{
    Answer, Device, Server,
    account::description,
    device::keys,
    enrolling::{offer_of, transcript},
};

impl Device<'_> {
    /// Signs a message, whatever it says.
    pub(crate) fn sign<M: Signable>(&self, message: &M) -> Signed {
        self.author.signing.sign(message)
    }

    /// The next commit, which makes one item, and the push that sends it.
    pub(crate) fn commit(&self) -> (v1::Commit, Push) {
        let push = self.draft(vec![random::bytes::<400>(&mut random::system()).to_vec()]);
        (v1::Commit::decode(push.commit.as_ref().unwrap().body.as_slice()).unwrap(), push)
    }

    /// The next entry, which gives this device another name.
    pub(crate) fn renaming(&self, name: &str) -> RosterEntry {
        let body = Body::RenameDevice(RenameDevice { device: self.id().to_vec(), name: name.to_owned() });
        let entry: Entry = self.entry(&self.held.borrow(), body);
        RosterEntry::decode(entry.signed().body.as_slice()).unwrap()
    }

    /// Ends its account.
    #[track_caller]
    pub(crate) fn delete_account(&self) {
        let delete = AccountDelete {
            suite: SUITE,
            account: self.account().to_vec(),
            device: self.id().to_vec(),
            roster_head: self.roster_head(),
            at: self.server.now(),
        };
        assert_eq!(self.server.post("/v1/accounts/delete", &self.sign(&delete).encode_to_vec()).status, 204);
    }

    /// The head of the roster as this device holds it.
    pub(crate) fn roster_head(&self) -> Vec<u8> {
        self.held.borrow().account.roster().head().to_vec()
    }
}

/// An account that is about to be created.
pub(crate) struct Founding {
    author: Author,
    genesis: Entry,
    pub(crate) message: CreateAccount,
}

impl Founding {
    pub(crate) fn at(server: &Server) -> Self {
        Self::at_time(server, server.now())
    }

    pub(crate) fn at_time(server: &Server, at: u64) -> Self {
        let info: ServerInfo = server.get("/v1/server").message();
        Self::of(&VerifyingKey::new(SigningAlgorithm::Ed25519, &info.log_key).unwrap(), at)
    }

    /// For a server with this log key, at this time.
    pub(crate) fn of(log_key: &VerifyingKey, at: u64) -> Self {
        let author = keys();
        let founded = found(&author, &description(), log_key, at, &mut random::system()).unwrap();
        let message = CreateAccount {
            genesis: Some(founded.genesis.signed().clone()),
            rotation: Some(founded.rotation.signed().clone()),
            sealed_key: Some(founded.sealed_key),
            invite: String::new(),
            lost: None,
        };
        Self { author, genesis: founded.genesis, message }
    }

    /// Its first device's request to delete it, as it was founded.
    pub(crate) fn deletion(&self, at: u64) -> Signed {
        let rotation = Entry::parse(self.message.rotation.as_ref().unwrap()).unwrap();
        self.author.signing.sign(&AccountDelete {
            suite: SUITE,
            account: self.genesis.account_id().to_vec(),
            device: self.author.keys().id().to_vec(),
            roster_head: rotation.hash().to_vec(),
            at,
        })
    }

    /// Another entry 1 on the same genesis.
    pub(crate) fn with_another_rotation(&self) -> CreateAccount {
        let (account, prev) = (self.genesis.account_id(), self.genesis.hash());
        let recipients = [(self.author.keys().id(), self.author.keys())];
        let rotated = Rotation { account, prev, epoch: 1, earlier: &[] }.to(&recipients, &mut random::system());
        let before = RosterEntry::decode(self.message.rotation.as_ref().unwrap().body.as_slice()).unwrap();
        let entry = RosterEntry { body: Some(Body::Rotate(rotated.rotate)), ..before };
        CreateAccount {
            rotation: Some(self.author.signing.sign(&entry)),
            sealed_key: rotated.sealed_keys.into_iter().next(),
            ..self.message.clone()
        }
    }
}

/// A device that asks to be let in.
pub(crate) struct Newcomer<'a> {
    server: &'a Server,
    author: Author,
    pub(crate) offer: EnrolmentOffer,
    pub(crate) begun: BegunEnrolment,
}

impl<'a> Newcomer<'a> {
    pub(crate) fn begins(server: &'a Server) -> Self {
        let author = keys();
        let offer = offer_of(&author);
        let begin = BeginEnrolment { commitment: offer_commitment(&offer.encode_to_vec()).to_vec() };
        let begun = server.post("/v1/enrolments", &begin.encode_to_vec()).message();
        Self { server, author, offer, begun }
    }

    pub(crate) fn id(&self) -> EnrolmentId {
        EnrolmentId::try_from(self.begun.enrolment.as_slice()).unwrap()
    }

    /// The path of a step, or of the state where it is empty.
    pub(crate) fn path(&self, step: &str) -> String {
        format!("/v1/enrolments/{}{}{step}", self.id(), if step.is_empty() { "" } else { "/" })
    }

    /// Its part, opened and signed, once an approver's is known.
    pub(crate) fn opening(&self, approval: &EnrolmentApproval) -> EnrolmentOpening {
        let transcript: EnrolmentTranscript = transcript(approval.clone(), &self.offer);
        let signature = self.author.signing.sign(&transcript).signature;
        EnrolmentOpening { offer: self.offer.encode_to_vec(), signature, mac: Vec::new() }
    }

    /// The approver appends its AddDevice, and has not said so yet.
    pub(crate) fn added_by(&self, approver: &Device<'_>, approval: &EnrolmentApproval) {
        let transcript: EnrolmentTranscript = transcript(approval.clone(), &self.offer);
        approver.add(&self.author.keys(), self.author.signing.sign(&transcript));
    }

    pub(crate) fn post(&self, step: &str, message: &impl Message) -> Answer {
        self.server.post(&self.path(step), &message.encode_to_vec())
    }
}
