use std::collections::{BTreeMap, HashMap};

use keyfold_crypto::{Hash, envelope::envelope_hash};
use keyfold_ledger::{Account, AccountError, Commit, Element, Entry, MAX_AHEAD};
use keyfold_wire::ItemId;

use super::{Chains, OfferError, heads, message::OfferedEntry};
use crate::{
    Caller, LimitError, Limits,
    chains::push::PURGED_KEPT,
    quota,
    recovery::lookup_change,
    sealed::{check_own_key, check_pulled_links},
    storage::{AppendWrite, Change, Offered, PushWrite},
};

/// A lost history while it is held against the account, step by step.
pub(super) struct Replay<'a> {
    chains: &'a Chains,
    caller: Caller,
    account: Account,
    /// Of every item that the commits change, as it stands.
    elements: BTreeMap<ItemId, Element>,
    /// Those that the commits wrote.
    written: BTreeMap<ItemId, Element>,
    /// Items and tombstones.
    element_count: u64,
    envelopes: HashMap<Hash, Envelope>,
    steps: Vec<Offered>,
}

struct Envelope {
    bytes: Vec<u8>,
    is_named: bool,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        chains: &'a Chains,
        caller: Caller,
        account: Account,
        elements: BTreeMap<ItemId, Element>,
        element_count: u64,
        envelopes: Vec<Vec<u8>>,
    ) -> Self {
        let envelopes = envelopes.into_iter().map(|bytes| (envelope_hash(&bytes), Envelope { bytes, is_named: false }));
        Self {
            chains,
            caller,
            account,
            elements,
            written: BTreeMap::new(),
            element_count,
            envelopes: envelopes.collect(),
            steps: Vec::new(),
        }
    }

    /// Everything in the one order that the chains allow: an entry as soon as the vault stands where it says.
    pub(super) fn all(&mut self, entries: Vec<OfferedEntry>, commits: &[Commit]) -> Result<(), OfferError> {
        let mut commits = commits.iter();
        for offered in entries {
            let entry = Entry::parse(&offered.entry)?;
            while entry.vault_head() != self.account.vault().head() {
                self.commit(commits.next().ok_or(AccountError::VaultHead)?)?;
            }
            self.entry(&entry, offered)?;
        }
        commits.try_for_each(|commit| self.commit(commit))
    }

    /// The account after it, and the steps to it.
    pub(super) fn finish(self) -> Result<(Account, Vec<Offered>), OfferError> {
        if self.envelopes.values().any(|envelope| !envelope.is_named) {
            return Err(OfferError::OtherEnvelope);
        }
        // A pull gives each item's latest revision: that one must be there. Of those before it nobody is asked.
        let latest = self.written.values().filter_map(|element| element.envelope);
        if latest.into_iter().any(|hash| !self.envelopes.contains_key(&hash)) {
            return Err(OfferError::MissingEnvelope);
        }
        Ok((self.account, self.steps))
    }

    fn entry(&mut self, entry: &Entry, offered: OfferedEntry) -> Result<(), OfferError> {
        self.check_time(entry.at())?;
        self.chains.check_body(entry.body()).map_err(|refused| OfferError::Refused(refused.to_string()))?;
        let most = Limits::default().roster_entries;
        if entry.seq() >= most {
            return Err(LimitError::RosterEntries(most).into());
        }
        let expected = heads(&self.account);
        let recovery = self.account.roster().recovery().map(|(member, _)| member);
        let lookup = lookup_change(entry.body(), recovery.as_ref());
        self.account = self.account.append(entry)?;
        let key = offered.sealed_key.map(|key| check_own_key(entry, self.caller.device, key)).transpose()?;
        let sealed_keys: Vec<_> = key.into_iter().collect();
        let links = check_pulled_links(entry, offered.links)?;
        let bytes_added = quota::entry(entry.signed(), &sealed_keys, &links);
        self.steps.push(Offered::Entry(AppendWrite {
            account: self.caller.account,
            expected,
            hash: entry.hash(),
            entry: entry.signed().clone(),
            sealed_keys,
            links,
            bytes_added,
            enrolment: None,
            ends_offers: false,
            fences: None,
            lookup,
        }));
        Ok(())
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), OfferError> {
        self.check_time(commit.at())?;
        let expected = heads(&self.account);
        let (account, written) = self.account.push(commit, &self.elements)?;
        self.account = account;
        let mut changes = Vec::with_capacity(written.len());
        for element in written {
            let created = self.elements.insert(element.item, element).is_none();
            self.element_count = self.element_count.saturating_add(u64::from(created));
            self.written.insert(element.item, element);
            changes.push(Change { element, envelope: self.envelope(&element) });
        }
        let most = Limits::default().items;
        if self.element_count > most {
            return Err(LimitError::Items(most).into());
        }
        let envelopes = changes.iter().filter_map(|change| change.envelope.as_deref());
        let bytes_added = quota::commit(commit.signed(), changes.len(), envelopes);
        self.steps.push(Offered::Commit(PushWrite {
            account: self.caller.account,
            expected,
            hash: commit.hash(),
            commit: commit.signed().clone(),
            at: commit.at(),
            count: self.account.vault().count(),
            elements: self.element_count,
            bytes_added,
            bytes_reclaimed: 0,
            set: self.account.vault().parts().set.clone(),
            changes,
            purge_due: self.chains.clock.now().saturating_add(PURGED_KEPT),
        }));
        Ok(())
    }

    /// An element's envelope, if it is in the offer.
    fn envelope(&mut self, element: &Element) -> Option<Vec<u8>> {
        let envelope = self.envelopes.get_mut(&element.envelope?)?;
        envelope.is_named = true;
        Some(envelope.bytes.clone())
    }

    fn check_time(&self, at: u64) -> Result<(), OfferError> {
        let latest = self.chains.clock.now().saturating_add(MAX_AHEAD);
        if at > latest { Err(OfferError::BadTime) } else { Ok(()) }
    }
}
