//! One account from its genesis to its second epoch: a laptop founds it and lets a phone in; both write; a recovery code
//! is set up; the phone is removed.

mod enrolment;
mod phone;
mod removal;
mod writing;

use keyfold_crypto::{SigningAlgorithm, SigningKey, WrappingKey, recovery::RecoveryCode};
use keyfold_ledger::{
    Account,
    author::{Author, Founded, Place, found},
};
use keyfold_wire::{AccountId, v1};

use crate::fixed::{Fixed, fixed};

pub(crate) use enrolment::{Enrolment, Joined};
pub(crate) use phone::Phone;
pub(crate) use removal::Removed;
pub(crate) use writing::Written;

/// Unix milliseconds at which the account begins.
pub(crate) const T0: u64 = 1_790_000_000_000;

pub(crate) struct Story {
    pub(crate) laptop: Author,
    pub(crate) phone: Phone,
    pub(crate) founded: Founded,
    pub(crate) genesis_random: Vec<u8>,
    pub(crate) account: AccountId,
    pub(crate) enrolment: Enrolment,
    pub(crate) joined: Joined,
    pub(crate) first: Written,
    pub(crate) second: Written,
    pub(crate) recovery: RecoveryCode,
    pub(crate) removed: Removed,
    pub(crate) end: Account,
}

impl Story {
    pub(crate) fn tell() -> Self {
        let laptop = Author { signing: ed25519("laptop signing key"), wrapping: wrapping("laptop wrapping key") };
        let phone = Phone { scalar: fixed("phone signing key"), wrapping: wrapping("phone wrapping key") };

        let mut rng = Fixed::new("founding");
        let founded = found(&laptop, &description("Laptop"), &log_key().verifying_key(), T0, &mut rng).unwrap();
        // Then the epoch key and its encapsulation.
        let [genesis_random, _, _] = rng.drawn();
        let at_first = Account::found(&founded.genesis, &founded.rotation).unwrap();

        let enrolment = Enrolment::held(&at_first, &laptop, &phone);
        let joined = Joined::by(&at_first, &laptop, &phone, &founded.epoch_key, &enrolment);
        let account = at_first.append(&joined.entry).unwrap();

        let first = Written::by_laptop(&account, &laptop, &founded.epoch_key);
        let (account, _) = account.push(&first.commit, &first.before).unwrap();
        let second = Written::by_phone(&account, &phone, &founded.epoch_key, &first);
        let (account, _) = account.push(&second.commit, &second.before).unwrap();

        let recovery = RecoveryCode::new(fixed("recovery code"));
        let set_up = removal::set_up_recovery(&account, &laptop, &founded.epoch_key, &recovery);
        let account = account.append(&set_up).unwrap();
        let removed = Removed::by(&account, &laptop, &phone, &founded.epoch_key);
        let end = account.append(&removed.entry).unwrap();

        let account = end.roster().account();
        Self {
            laptop,
            phone,
            founded,
            genesis_random,
            account,
            enrolment,
            joined,
            first,
            second,
            recovery,
            removed,
            end,
        }
    }
}

pub(crate) fn log_key() -> SigningKey {
    ed25519("log key")
}

fn ed25519(label: &str) -> SigningKey {
    SigningKey::from_secret(SigningAlgorithm::Ed25519, &fixed(label)).unwrap()
}

fn wrapping(label: &str) -> WrappingKey {
    WrappingKey::new(fixed(label))
}

fn description(name: &str) -> v1::DeviceDescription {
    v1::DeviceDescription { name: name.into(), platform: "linux x86_64".into(), agent: "vectors 1".into() }
}

fn next(account: &Account, now: u64) -> Place {
    account.roster().next(now, account.vault().head())
}
