use std::{collections::BTreeMap, sync::Arc};

use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SUITE, SigningAlgorithm, SigningKey, VerifyingKey, WrappingKey, epoch::SealContext,
    random,
};
use keyfold_ledger::{
    Account, Element, Entry,
    author::{self, Author, Rotation},
};
use keyfold_vault::{Caller, chains::AppendError};
use keyfold_wire::{
    ItemId, MemberId,
    v1::{self, Accepted, AppendEntry, CreateAccount, Signed, roster_entry::Body},
};

use crate::server::Server;

/// Ana's account as her laptop holds it, which founded it and has seen everything.
pub(crate) struct Household {
    pub(crate) account: Account,
    pub(crate) elements: BTreeMap<ItemId, Element>,
    pub(crate) laptop: Author,
    pub(crate) epoch_key: Arc<EpochKey>,
    pub(crate) now: u64,
}

impl Household {
    pub(crate) async fn founded(server: &Server) -> Self {
        let (ana, message) = Self::founding(server);
        server.services.accounts.create(message).await.unwrap();
        ana
    }

    /// An account that is yet to be created, and the message that creates it.
    pub(crate) fn founding(server: &Server) -> (Self, CreateAccount) {
        let laptop = device();
        let info = server.services.info();
        let log_key = VerifyingKey::new(SigningAlgorithm::Ed25519, &info.log_key).unwrap();
        let founded =
            author::found(&laptop, &description("Laptop"), &log_key, info.time, &mut random::system()).unwrap();
        let message = CreateAccount {
            genesis: Some(founded.genesis.signed().clone()),
            rotation: Some(founded.rotation.signed().clone()),
            sealed_key: Some(founded.sealed_key),
            invite: String::new(),
            lost: None,
        };
        let account = Account::found(&founded.genesis, &founded.rotation).unwrap();
        let epoch_key = Arc::new(founded.epoch_key);
        (Self { account, elements: BTreeMap::new(), laptop, epoch_key, now: info.time }, message)
    }

    /// The account as another of its devices holds it, which does here what the laptop does.
    pub(crate) fn seen_by(&self, device: Author) -> Self {
        let (account, elements) = (self.account.clone(), self.elements.clone());
        Self { account, elements, laptop: device, epoch_key: Arc::clone(&self.epoch_key), now: self.now }
    }

    /// Sees all that another device has seen.
    pub(crate) fn catches_up_with(&mut self, other: &Self) {
        (self.account, self.elements) = (other.account.clone(), other.elements.clone());
    }

    pub(crate) fn caller(&self) -> Caller {
        self.caller_of(&self.laptop)
    }

    pub(crate) fn caller_of(&self, device: &Author) -> Caller {
        Caller { account: self.account.roster().account(), device: device.keys().id() }
    }

    /// The laptop's next entry, with nothing beside it.
    pub(crate) fn entry(&self, body: Body) -> AppendEntry {
        let place = self.account.roster().next(self.now, self.account.vault().head());
        let entry = self.laptop.sign(&place, body).unwrap();
        AppendEntry { entry: Some(entry.signed().clone()), sealed_keys: Vec::new(), links: Vec::new() }
    }

    pub(crate) fn rename(&self, name: &str) -> AppendEntry {
        let device = self.laptop.keys().id().to_vec();
        self.entry(Body::RenameDevice(v1::RenameDevice { device, name: name.to_owned() }))
    }

    /// A new epoch for everybody.
    pub(crate) fn rotation(&self) -> AppendEntry {
        self.rotating(|_| true, None, Body::Rotate)
    }

    pub(crate) fn removal(&self, gone: MemberId) -> AppendEntry {
        self.removing(gone, None, None)
    }

    /// Puts another recovery member in the place of one.
    pub(crate) fn replacing(&self, gone: MemberId, comes: &MemberKeys, member: v1::RecoveryMember) -> AppendEntry {
        self.removing(gone, Some(comes), Some(member))
    }

    fn removing(
        &self,
        gone: MemberId,
        comes: Option<&MemberKeys>,
        replacement: Option<v1::RecoveryMember>,
    ) -> AppendEntry {
        let removed = |rotate| {
            let members = vec![gone.to_vec()];
            Body::Remove(v1::Remove { members, rotation: Some(rotate), replacement })
        };
        self.rotating(|member| member != gone, comes, removed)
    }

    fn rotating(
        &self,
        stays: impl Fn(MemberId) -> bool,
        comes: Option<&MemberKeys>,
        body: impl FnOnce(v1::Rotate) -> Body,
    ) -> AppendEntry {
        let roster = self.account.roster();
        let mut members: Vec<(MemberId, MemberKeys)> = roster
            .members()
            .iter()
            .filter(|(id, _)| stays(**id))
            .map(|(id, member)| (*id, member.keys.clone()))
            .chain(comes.map(|keys| (keys.id(), keys.clone())))
            .collect();
        members.sort_unstable_by_key(|(id, _)| *id);
        let (account, prev, epoch) = (roster.account(), roster.head(), roster.epoch().number + 1);
        let earlier = [(roster.epoch().number, self.epoch_key.as_ref())];
        let rotated = Rotation { account, prev, epoch, earlier: &earlier }.to(&members, &mut random::system());
        let entry = self.entry(body(rotated.rotate));
        AppendEntry { sealed_keys: rotated.sealed_keys, links: rotated.links, ..entry }
    }

    pub(crate) async fn append(&mut self, server: &Server, message: AppendEntry) -> Result<Accepted, AppendError> {
        let accepted = server.services.chains.append(&self.caller(), message.clone()).await?;
        self.take(&message);
        Ok(accepted)
    }

    /// Follows an entry that the server has accepted.
    pub(crate) fn take(&mut self, message: &AppendEntry) {
        let entry = Entry::parse(message.entry.as_ref().unwrap()).unwrap();
        self.account = self.account.append(&entry).unwrap();
    }

    /// The current epoch's key for a member that the next entry lets in.
    pub(crate) fn sealed_to(&self, keys: &MemberKeys) -> v1::SealedKey {
        let roster = self.account.roster();
        let context = SealContext {
            account: roster.account(),
            epoch: roster.epoch().number,
            member: keys.id(),
            prev: roster.head(),
        };
        let sealed = self.epoch_key.seal(keys.wrapping(), &context, &mut random::system());
        v1::SealedKey { member: keys.id().to_vec(), sealed }
    }

    /// The laptop's decision to delete the account.
    pub(crate) fn deletion(&self) -> Signed {
        self.deletion_by(&self.laptop)
    }

    pub(crate) fn deletion_by(&self, device: &Author) -> Signed {
        let caller = self.caller_of(device);
        device.signing.sign(&v1::AccountDelete {
            suite: SUITE,
            account: caller.account.to_vec(),
            device: caller.device.to_vec(),
            roster_head: self.roster_head().to_vec(),
            at: self.now,
        })
    }

    pub(crate) fn roster_head(&self) -> Hash {
        self.account.roster().head()
    }
}

/// A device with keys of its own.
pub(crate) fn device() -> Author {
    let mut rng = random::system();
    Author {
        signing: SigningKey::generate(SigningAlgorithm::Ed25519, &mut rng),
        wrapping: WrappingKey::generate(&mut rng),
    }
}

pub(crate) fn description(name: &str) -> v1::DeviceDescription {
    v1::DeviceDescription { name: name.into(), platform: "linux x86_64".into(), agent: "keyfold 0.1.0".into() }
}
