use keyfold_crypto::envelope;
use keyfold_ledger::{Body, MAX_CHANGES, MAX_DEVICES, MAX_ITEMS, Transcript};

/// What one account and one push may take. The defaults are the most that the protocol allows; an operator may lower
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Changes of one commit.
    pub changes: usize,
    /// Bytes of all envelopes of one push.
    pub push: usize,
    /// Active devices of an account.
    pub devices: usize,
    /// Items and tombstones of an account.
    pub items: u64,
    /// Bytes of all that is kept of an account: envelopes, commits, entries, keys.
    pub account_bytes: u64,
    /// Roster entries of an account.
    pub roster_entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes: MAX_CHANGES,
            push: 16 * 1024 * 1024,
            devices: MAX_DEVICES,
            items: MAX_ITEMS,
            account_bytes: 512 * 1024 * 1024,
            roster_entries: 1_000,
        }
    }
}

/// A limit that is above the protocol's, or so low that an account could do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}, and may be {least} to {most}")]
pub struct LimitOutOfRange {
    /// Which.
    pub name: &'static str,
    /// What was asked for.
    pub value: u64,
    /// The least that it may be.
    pub least: u64,
    /// The most that it may be.
    pub most: u64,
}

impl Limits {
    /// Holds the limits against the protocol's.
    ///
    /// # Errors
    /// [`LimitOutOfRange`]: the first that is.
    pub fn check(&self) -> Result<(), LimitOutOfRange> {
        let most = Self::default();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let ranges = [
            ("changes", number(self.changes), 1, number(most.changes)),
            ("push", number(self.push), number(envelope::MAX_LEN), number(most.push)),
            ("devices", number(self.devices), 1, number(most.devices)),
            ("items", self.items, 1, most.items),
            ("account_bytes", self.account_bytes, 1, most.account_bytes),
            ("roster_entries", self.roster_entries, FOUNDING + RESERVED, most.roster_entries),
        ];
        let out = ranges.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value));
        out.map_or(Ok(()), |(name, value, least, most)| Err(LimitOutOfRange { name, value, least, most }))
    }

    /// How many entries the roster may have with one of this body as its last.
    pub(crate) fn roster_room(&self, body: &Body) -> u64 {
        if is_always_let_in(body) { self.roster_entries } else { self.roster_entries.saturating_sub(RESERVED) }
    }
}

/// What gets rid of a device, or of somebody who recovers, must fit however full the account is. Such entries are few by
/// themselves: each needs a member that is there, or a recovery that is under way.
pub(crate) fn is_always_let_in(body: &Body) -> bool {
    match body {
        Body::Remove(_) | Body::RecoveryBegin(_) | Body::RecoveryCancel(_) => true,
        Body::AddDevice(add) => matches!(add.transcript, Transcript::Recovery { .. }),
        _ => false,
    }
}

/// The last entries of a roster.
const RESERVED: u64 = 64;
/// Genesis and the rotation to epoch 1.
const FOUNDING: u64 = 2;

/// A limit that a request would pass. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Split the commit.
    #[error("a commit has at most {0} changes: split it")]
    Changes(usize),
    /// The item is too large.
    #[error("an envelope has at most {0} bytes")]
    Envelope(usize),
    /// Split the commit.
    #[error("a push has at most {0} bytes of envelopes: split it")]
    Push(usize),
    /// Remove a device first.
    #[error("an account has at most {0} devices: remove one first")]
    Devices(usize),
    /// Purge items, or ask the operator.
    #[error("an account has at most {0} items, purged ones included")]
    Items(u64),
    /// Purge items, or ask the operator.
    #[error("the account's {0} bytes are used up: purge items, or ask the operator for more")]
    AccountBytes(u64),
    /// Ask the operator.
    #[error("an account has at most {0} roster entries")]
    RosterEntries(u64),
}

#[cfg(test)]
mod tests {
    use keyfold_crypto::Hash;
    use keyfold_wire::TenantId;

    use super::*;

    #[test]
    fn the_last_64_entries_are_kept_for_what_gets_rid_of_a_member() {
        let limits = Limits::default();
        assert_eq!(limits.roster_room(&Body::LeaveTenant(TenantId::new([1; 16]))), 936);
        assert_eq!(limits.roster_room(&Body::RecoveryCancel(Hash::ZERO)), 1_000);
    }

    #[test]
    fn an_operator_may_lower_the_limits_but_not_raise_them_or_lower_them_to_nothing() {
        let most = Limits::default();
        assert_eq!(most.check(), Ok(()));
        assert_eq!(Limits { items: 1, devices: 1, account_bytes: 1, roster_entries: 66, ..most }.check(), Ok(()));
        for (limits, name) in [
            (Limits { changes: 0, ..most }, "changes"),
            (Limits { changes: 1_001, ..most }, "changes"),
            (Limits { push: 66_559, ..most }, "push"),
            (Limits { push: 16 * 1024 * 1024 + 1, ..most }, "push"),
            (Limits { devices: 0, ..most }, "devices"),
            (Limits { devices: 65, ..most }, "devices"),
            (Limits { items: 0, ..most }, "items"),
            (Limits { items: 200_001, ..most }, "items"),
            (Limits { account_bytes: 0, ..most }, "account_bytes"),
            (Limits { account_bytes: 512 * 1024 * 1024 + 1, ..most }, "account_bytes"),
            (Limits { roster_entries: 65, ..most }, "roster_entries"),
            (Limits { roster_entries: 1_001, ..most }, "roster_entries"),
        ] {
            assert_eq!(limits.check().map_err(|out| out.name), Err(name));
        }
    }
}
