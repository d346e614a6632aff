use keyfold_ledger::{Account, AccountError, Body, Entry, Roster, RosterError, Vault};
use keyfold_wire::{AccountId, MemberId};

use super::VaultError;
use crate::storage::{Chains, Head, SealedKey, SealedLink};

/// Both chains as this device holds them: the roster verified from its genesis, the vault as it was verified when it was
/// stored.
#[derive(Debug, Clone)]
pub struct Held {
    /// From genesis on.
    pub entries: Vec<Entry>,
    /// The roster at the last of them.
    pub roster: Roster,
    /// `None` until the vault was pulled once.
    pub vault: Option<Vault>,
    pub(crate) sealed_keys: Vec<SealedKey>,
    pub(crate) links: Vec<SealedLink>,
    /// What the server signed for the roster: evidence, should it ever show another history.
    pub roster_head: Option<Head>,
    /// What the server signed for the vault.
    pub vault_head: Option<Head>,
}

impl Held {
    /// Verifies stored chains as those of `account`.
    ///
    /// # Errors
    /// [`VaultError::Damaged`].
    pub fn of(account: AccountId, chains: Chains) -> Result<Self, VaultError> {
        let entries: Vec<Entry> = chains.entries.iter().map(Entry::parse).collect::<Result<_, _>>()?;
        let roster = replay(&entries).map_err(AccountError::Roster)?;
        if roster.account() != account {
            return Err(VaultError::Damaged("the roster is another account's".to_owned()));
        }
        Ok(Self::with(roster, entries, chains))
    }

    /// Verifies stored chains of which this was verified before: of the roster what came since, or all of it, should it not
    /// begin with the very same bytes.
    pub(super) fn grown_to(self, chains: Chains) -> Result<Self, VaultError> {
        let Self { mut entries, mut roster, .. } = self;
        let same = chains.entries.iter().zip(&entries).take_while(|(stored, held)| *stored == held.signed()).count();
        if same < entries.len() {
            return Self::of(roster.account(), chains);
        }
        for signed in chains.entries.get(same..).unwrap_or_default() {
            let entry = Entry::parse(signed)?;
            roster = roster.append(&entry).map_err(AccountError::Roster)?;
            entries.push(entry);
        }
        Ok(Self::with(roster, entries, chains))
    }

    fn with(roster: Roster, entries: Vec<Entry>, chains: Chains) -> Self {
        Self {
            vault: chains.vault.map(|parts| Vault::from_parts(roster.account(), parts)),
            sealed_keys: chains.sealed_keys,
            links: chains.links,
            roster_head: chains.roster_head,
            vault_head: chains.vault_head,
            entries,
            roster,
        }
    }

    /// Both chains as the ledger holds them against each other.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        Some(Account::from_verified(self.roster.clone(), self.vault.clone()?))
    }

    /// The first entry that lists a sealed key for this member, or links, of which something never came.
    pub(crate) fn first_lacking(&self, member: &MemberId) -> Option<u64> {
        let has_key = |entry: &Entry| self.sealed_keys.iter().any(|key| key.roster_seq == entry.seq());
        let has_link = |entry: &Entry, epoch: u64| {
            self.links.iter().any(|link| link.roster_seq == entry.seq() && link.epoch == epoch)
        };
        let lacks = |entry: &&Entry| {
            let links = entry.rotation().map(|rotation| rotation.links.as_slice()).unwrap_or_default();
            (entry.sealed_key_for(member).is_some() && !has_key(entry))
                || links.iter().any(|(epoch, _)| !has_link(entry, *epoch))
        };
        self.entries.iter().find(lacks).map(Entry::seq)
    }

    /// When a device was last removed from the account, by the clock of the one that did it: Unix milliseconds. What is older
    /// may have been copied.
    #[must_use]
    pub fn last_removal(&self) -> Option<u64> {
        self.entries.iter().rfind(|entry| matches!(entry.body(), Body::Remove(_))).map(Entry::at)
    }

    /// What people call a member, also one that was removed; its id if it never had a name.
    #[must_use]
    pub fn name_of(&self, member: &MemberId) -> String {
        if let Some((_, device)) = self.roster.device(member) {
            return device.description.name.clone();
        }
        let mut roster: Option<Roster> = None;
        let mut name = None;
        for entry in &self.entries {
            roster = match roster {
                None => Roster::genesis(entry).ok(),
                Some(before) => before.append(entry).ok(),
            };
            let device = roster.as_ref().and_then(|roster| roster.device(member));
            name = device.map(|(_, device)| device.description.name.clone()).or(name);
        }
        name.unwrap_or_else(|| member.to_string())
    }
}

/// The roster at the last of these entries, verified from the genesis.
pub(crate) fn replay(entries: &[Entry]) -> Result<Roster, RosterError> {
    let (genesis, rest) = entries.split_first().ok_or(RosterError::NotGenesis)?;
    rest.iter().try_fold(Roster::genesis(genesis)?, |roster, entry| roster.append(entry))
}

#[cfg(test)]
mod tests {
    use keyfold_crypto::{SigningAlgorithm, random};
    use keyfold_ledger::{Account, author};
    use keyfold_wire::v1::{RenameDevice, roster_entry};

    use super::*;
    use crate::device::{DeviceKeys, describe};

    /// An account as it was founded, and with one entry more.
    fn chains() -> (AccountId, Chains, Chains) {
        let mut rng = random::system();
        let device = DeviceKeys::generate(SigningAlgorithm::Ed25519, &mut rng);
        let description = describe(&"laptop".parse().unwrap());
        let log_key = device.public().signing();
        let founded = author::found(&device.author, &description, log_key, 1, &mut rng).unwrap();
        let account = Account::found(&founded.genesis, &founded.rotation).unwrap();
        let entries = vec![founded.genesis.signed().clone(), founded.rotation.signed().clone()];
        let vault = Some(account.vault().parts().clone());
        let first = Chains { entries, vault, ..Chains::default() };
        let body = RenameDevice { device: device.id().to_vec(), name: "desktop".to_owned() };
        let place = account.roster().next(2, account.vault().head());
        let renamed = device.author.sign(&place, roster_entry::Body::RenameDevice(body)).unwrap();
        let mut then = first.clone();
        then.entries.push(renamed.signed().clone());
        (account.roster().account(), first, then)
    }

    #[test]
    fn what_came_since_is_verified_and_what_was_verified_must_be_the_same() {
        let (account, first, then) = chains();
        let held = Held::of(account, first.clone()).unwrap();
        let grown = held.clone().grown_to(then.clone()).unwrap();
        assert_eq!(grown.roster.head(), Held::of(account, then.clone()).unwrap().roster.head());
        assert_eq!((held.entries.len(), grown.entries.len()), (2, 3));
        assert_eq!(grown.clone().grown_to(first).unwrap().entries.len(), 2, "somebody has put an older file there");

        for place in 0..3 {
            let mut changed = then.clone();
            changed.entries[place].signature[0] ^= 1;
            assert!(held.clone().grown_to(changed.clone()).is_err(), "entry {place}");
            assert!(grown.clone().grown_to(changed).is_err(), "entry {place}");
        }
        let (_, _, another) = chains();
        assert!(held.grown_to(another).is_err(), "another account's");
    }
}
