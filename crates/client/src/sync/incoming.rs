use std::collections::{BTreeMap, HashSet, VecDeque};

use keyfold_crypto::Hash;
use keyfold_ledger::{
    Account, AccountError, Chain, Commit, CommitError, Element, Entry, Receipt, Roster, RosterError, Vault, brief,
};
use keyfold_wire::{ItemId, MemberId, v1};

use super::{
    ChainFailure,
    content::{CommitOf, Touch},
    interruption::Interruption,
};
use crate::{
    api::ApiError,
    storage::{Head, SealedKey, SealedLink},
    vault::{Held, is_named, is_named_link},
};

/// A pull while it arrives: chain by chain, each entry and commit held against the state before it. Nothing of it counts
/// until [`Incoming::finish`].
pub(super) struct Incoming {
    held: Held,
    device: MemberId,
    heads: Option<ServerHeads>,
    /// The receipt of the roster's head that is held, where the pull is a brief one.
    roster_receipt: Option<v1::Signed>,
    /// The last entry frame, whose keys and links may follow.
    current: Option<Entry>,
    /// New entries, in order.
    pub(super) entries: Vec<Entry>,
    waiting: VecDeque<Entry>,
    pub(super) sealed_keys: Vec<SealedKey>,
    pub(super) links: Vec<SealedLink>,
    /// `None` until a snapshot's commit has come.
    account: Option<Account>,
    /// The elements that commits were held against, as they stand now.
    elements: BTreeMap<ItemId, Element>,
    /// What changed: an item's latest revision.
    pub(super) touched: BTreeMap<ItemId, Touch>,
    /// The hashes of commits that came.
    taken: HashSet<Hash>,
}

/// The server's heads as they came.
enum ServerHeads {
    Whole(v1::Heads),
    /// What is left out is filled in once the chains are there.
    Brief(v1::BriefHeads),
}

/// What a pull comes to once all of it is verified.
pub(super) struct Verified {
    pub(super) account: Account,
    pub(super) roster_head: Head,
    pub(super) vault_head: Head,
}

impl Incoming {
    pub(super) fn new(held: Held, device: MemberId, roster_receipt: Option<v1::Signed>) -> Self {
        Self {
            account: held.account(),
            device,
            heads: None,
            roster_receipt,
            current: None,
            held,
            entries: Vec::new(),
            waiting: VecDeque::new(),
            sealed_keys: Vec::new(),
            links: Vec::new(),
            elements: BTreeMap::new(),
            touched: BTreeMap::new(),
            taken: HashSet::new(),
        }
    }

    /// The server's heads.
    pub(super) fn heads(&mut self, heads: v1::Heads) {
        self.heads = Some(ServerHeads::Whole(heads));
    }

    /// The same, brief. Filled in with what is held, they tell whether they are behind it.
    pub(super) fn brief_heads(&mut self, brief: v1::BriefHeads) -> Result<v1::Heads, Interruption> {
        let (Some(account), Some(receipt)) = (&self.account, &self.roster_receipt) else {
            return Err(OTHERWISE.into());
        };
        if !brief::is_brief(&brief, (account.roster().seq(), account.vault().seq())) {
            return Err(OTHERWISE.into());
        }
        let heads = whole_heads(&brief, account, receipt)?;
        self.heads = Some(ServerHeads::Brief(brief));
        Ok(heads)
    }

    /// An entry that is new waits for its place between commits; one that is held must be the same.
    pub(super) fn entry(&mut self, signed: &v1::Signed) -> Result<(), ChainFailure> {
        let entry = Entry::parse(signed)?;
        let held = usize::try_from(entry.seq()).ok().and_then(|seq| self.held.entries.get(seq));
        match held {
            Some(held) if held.hash() == entry.hash() => {}
            Some(_) => return Err(ChainFailure::Forked),
            None => {
                self.waiting.push_back(entry.clone());
                self.entries.push(entry.clone());
            }
        }
        self.current = Some(entry);
        Ok(())
    }

    /// A sealed key of the entry before it. One that answers no signed entry, or is there already, is ignored.
    pub(super) fn sealed_key(&mut self, key: SealedKey) {
        let named = self.current.as_ref().is_some_and(|entry| is_named(entry, &self.device, &key));
        if named && !self.sealed_keys.contains(&key) {
            self.sealed_keys.push(key);
        }
    }

    /// A link of the entry before it. One that answers no signed entry, or is there already, is ignored.
    pub(super) fn link(&mut self, link: SealedLink) {
        let named = self.current.as_ref().is_some_and(|entry| is_named_link(entry, &link));
        if named && !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    /// An element of a snapshot.
    pub(super) fn element(&mut self, element: &v1::Element) -> Result<(), ChainFailure> {
        if self.account.is_some() {
            return Err(AccountError::Vault(CommitError::Snapshot).into());
        }
        let element = Element::try_from(element).map_err(|_| AccountError::Vault(CommitError::Snapshot))?;
        if self.elements.insert(element.item, element).is_some() {
            return Err(AccountError::Vault(CommitError::Snapshot).into());
        }
        self.touched.insert(element.item, Touch { element, commit: None, previous: None, unseen_since: None });
        Ok(())
    }

    /// The items of a commit whose elements must be [known](Incoming::know) before it is taken.
    pub(super) fn unknown_items(&self, commit: &Commit) -> Vec<ItemId> {
        let items = commit.changes().iter().map(|change| change.item);
        items.filter(|item| !self.elements.contains_key(item)).collect()
    }

    pub(super) fn know(&mut self, elements: Vec<Element>) {
        self.elements.extend(elements.into_iter().map(|element| (element.item, element)));
    }

    /// The whole of a brief commit, if it is the next one.
    pub(super) fn whole(&mut self, brief: &v1::Signed) -> Result<v1::Signed, ChainFailure> {
        let account = self.account.take().ok_or(AccountError::Vault(CommitError::Snapshot))?;
        let account = self.take_entries(account)?;
        let whole = brief::whole_commit(brief, account.vault().head(), account.roster().head())?;
        self.account = Some(account);
        Ok(whole)
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Result<(), ChainFailure> {
        let Some(account) = self.account.take() else {
            return self.snapshot_commit(commit);
        };
        let account = self.take_entries(account)?;
        let (account, written) = account.push(commit, &self.elements).map_err(|error| match error {
            AccountError::Vault(CommitError::NotNext) => ChainFailure::Forked,
            error => error.into(),
        })?;
        let commit_of = CommitOf::from(commit);
        for element in written {
            let before = self.elements.insert(element.item, element);
            let previous = Some(before.and_then(|before| before.envelope));
            let earlier = self.touched.get(&element.item);
            let unseen_since = earlier.and_then(|touch| touch.unseen_since.or(touch.commit.map(|commit| commit.at)));
            self.touched.insert(element.item, Touch { element, commit: Some(commit_of), previous, unseen_since });
        }
        self.account = Some(account);
        self.taken.insert(commit.hash());
        Ok(())
    }

    /// The commit that the approver signed into this device's AddDevice entry, with all its elements.
    fn snapshot_commit(&mut self, commit: &Commit) -> Result<(), ChainFailure> {
        let roster = &self.held.roster;
        if roster.vault_head() == keyfold_ledger::vault_zero(&roster.account()) {
            self.account = Some(self.empty_snapshot()?);
            return self.commit(commit);
        }
        let vault = Vault::from_snapshot(roster.account(), &roster.vault_head(), commit, &self.elements)
            .map_err(AccountError::Vault)?;
        self.account = Some(Account::from_verified(roster.clone(), vault));
        self.taken.insert(commit.hash());
        let commit_of = CommitOf::from(commit);
        // The snapshot's last commit is known, so its items' authors are.
        for change in commit.changes() {
            if let Some(touch) = self.touched.get_mut(&change.item) {
                touch.commit = Some(commit_of);
            }
        }
        Ok(())
    }

    /// Entries that were made where the vault stands now.
    fn take_entries(&mut self, mut account: Account) -> Result<Account, ChainFailure> {
        while let Some(entry) = self.waiting.pop_front_if(|entry| entry.vault_head() == account.vault().head()) {
            account = account.append(&entry).map_err(|error| match error {
                AccountError::Roster(RosterError::NotNext) => ChainFailure::Forked,
                error => error.into(),
            })?;
        }
        Ok(account)
    }

    /// How many commits came.
    pub(super) fn commits(&self) -> u64 {
        u64::try_from(self.taken.len()).unwrap_or(u64::MAX)
    }

    /// Held entries and new ones.
    pub(super) fn all_entries(&self) -> Vec<Entry> {
        self.held.entries.iter().chain(&self.entries).cloned().collect()
    }

    pub(super) const fn held(&self) -> &Held {
        &self.held
    }

    /// The roster as far as it is verified; entries that wait for their place are not in it.
    pub(super) fn roster(&self) -> &Roster {
        self.account.as_ref().map_or(&self.held.roster, Account::roster)
    }

    /// The vault as far as it is verified.
    pub(super) fn latest_vault(&self) -> Option<&Vault> {
        self.account.as_ref().map(Account::vault)
    }

    /// Whether this very commit came.
    pub(super) fn took_commit(&self, commit: &Commit) -> bool {
        self.taken.contains(&commit.hash())
    }

    /// Whether this commit could still be the next.
    pub(super) fn has_room_for(&self, commit: &Commit) -> bool {
        let vault_head = self.latest_vault().map(Vault::head);
        Some(commit.prev()) == vault_head && commit.roster_head() == self.roster().head()
    }

    /// Holds the end of both chains against the heads that the server signed for.
    pub(super) fn finish(&mut self) -> Result<Verified, ChainFailure> {
        let heads = self.heads.take().ok_or(ChainFailure::Withheld("its heads"))?;
        let account = match self.account.take() {
            Some(account) => account,
            None => self.empty_snapshot()?,
        };
        let account = self.take_entries(account)?;
        if !self.waiting.is_empty() {
            return Err(AccountError::VaultHead.into());
        }
        let (roster, vault) = (account.roster(), account.vault());
        let heads = match heads {
            ServerHeads::Whole(heads) => heads,
            // Without a receipt there is none that holds.
            ServerHeads::Brief(heads) => {
                whole_heads(&heads, &account, &self.roster_receipt.take().unwrap_or_default())?
            }
        };
        if (heads.roster_seq, heads.vault_seq) != (roster.seq(), vault.seq()) {
            return Err(ChainFailure::Withheld("a part of its history"));
        }
        if heads.roster_head != roster.head().as_bytes() || heads.vault_head != vault.head().as_bytes() {
            return Err(ChainFailure::Forked);
        }
        let roster_head = head(&account, Chain::Roster, heads.roster_receipt.as_ref())?;
        let vault_head = head(&account, Chain::Vault, heads.vault_receipt.as_ref())?;
        self.account = Some(account.clone());
        Ok(Verified { account, roster_head, vault_head })
    }

    /// A device that was added before the first commit begins with an empty vault: no element is the server's to bring.
    fn empty_snapshot(&self) -> Result<Account, ChainFailure> {
        let roster = &self.held.roster;
        if roster.vault_head() != keyfold_ledger::vault_zero(&roster.account()) {
            return Err(ChainFailure::Withheld("the commit that this device was added at"));
        }
        if !self.elements.is_empty() {
            return Err(AccountError::Vault(CommitError::Snapshot).into());
        }
        Ok(Account::from_verified(roster.clone(), Vault::empty(roster.account())))
    }
}

/// Brief heads of an account that stands at them.
fn whole_heads(
    brief: &v1::BriefHeads,
    account: &Account,
    roster_receipt: &v1::Signed,
) -> Result<v1::Heads, ChainFailure> {
    let (roster, vault) = (account.roster().head(), account.vault().head());
    let known = brief::Known { account: account.roster().account(), roster, roster_receipt, vault };
    Ok(brief::whole_heads(brief, &known)?)
}

/// A chain's head with the server's receipt for exactly it.
pub(super) fn head(account: &Account, chain: Chain, receipt: Option<&v1::Signed>) -> Result<Head, ChainFailure> {
    let (seq, head) = match chain {
        Chain::Roster => (account.roster().seq(), account.roster().head()),
        Chain::Vault => (account.vault().seq(), account.vault().head()),
    };
    let expected = Receipt { account: account.roster().account(), chain, seq, head };
    expected.check(account.roster().log_key(), receipt)?;
    Ok(Head { seq, head, receipt: receipt.cloned().unwrap_or_default() })
}

const OTHERWISE: ApiError = ApiError::BadAnswer("brief heads that leave out what they may not");
