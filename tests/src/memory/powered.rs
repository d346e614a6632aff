use std::sync::Arc;

use async_trait::async_trait;
use keyfold_client::{
    Chain, ItemId,
    storage::{
        AuthenticatorRecord, Chains, Edit, Farewell, Head, LockState, Mark, Outbox, OutboxKind, Past, Profile,
        Quarantined, Staged, Step, Storage, StorageError, StoredItem, Write,
    },
};
use keyfold_crypto::Hash;
use keyfold_ledger::Element;
use keyfold_wire::v1::Signed;

use super::Power;

/// A storage in a device whose power can be cut: what was written stays, and nothing else is left of it.
pub struct Powered {
    storage: Arc<dyn Storage>,
    power: Arc<Power>,
}

impl Powered {
    pub fn by(power: Arc<Power>, storage: Arc<dyn Storage>) -> Self {
        Self { storage, power }
    }
}

macro_rules! needs_power {
    (
        reads { $($read:ident($($given:ident: $of:ty),*) -> $gives:ty;)* }
        writes { $($write:ident($($put:ident: $what:ty),*) -> $done:ty;)* }
    ) => {
        #[async_trait]
        impl Storage for Powered {
            $(async fn $read(&self, $($given: $of),*) -> Result<$gives, StorageError> {
                self.power.reads()?;
                self.storage.$read($($given),*).await
            })*
            $(async fn $write(&self, $($put: $what),*) -> Result<$done, StorageError> {
                self.power.writes()?;
                self.storage.$write($($put),*).await
            })*
        }
    };
}

needs_power! {
    reads {
        step() -> Step;
        glance() -> (Mark, LockState);
        profile() -> Option<Profile>;
        keyring_secrets() -> Option<Vec<u8>>;
        farewell() -> Option<Farewell>;
        lock_state() -> LockState;
        authenticator_record(record: AuthenticatorRecord) -> Option<Vec<u8>>;
        chains() -> Chains;
        commit_head(seq: u64) -> Option<Hash>;
        receipt(chain: Chain, seq: u64) -> Option<Head>;
        elements(items: &[ItemId]) -> Vec<Element>;
        items() -> Vec<StoredItem>;
        item(item: ItemId) -> Option<StoredItem>;
        history(item: ItemId) -> Vec<Past>;
        proof() -> Option<Vec<u8>>;
        looked_for_purges() -> Option<u64>;
        quarantined(reason: &str) -> Vec<Quarantined>;
        first_quarantined(item: ItemId, reason: &str) -> Option<u64>;
        of_earlier_epochs(epoch: u64, limit: usize) -> Vec<ItemId>;
        count_of_earlier_epochs(epoch: u64) -> u64;
        commit(seq: u64) -> Option<Signed>;
        envelope(hash: Hash) -> Option<Vec<u8>>;
        edits() -> Vec<Edit>;
        count_edits() -> u64;
        outbox(kind: OutboxKind) -> Option<Outbox>;
        enrolment() -> Option<Vec<u8>>;
        enrolment_failures(since: u64) -> u32;
    }
    writes {
        count_guess(seen: u32, at: u64) -> bool;
        return_guess() -> ();
        opened(at: u64) -> ();
        used(at: u64) -> ();
        lock_after(idle: Option<u64>) -> ();
        replace_authenticator_record(
            record: AuthenticatorRecord,
            before: Option<Vec<u8>>,
            after: Option<Vec<u8>>
        ) -> bool;
        add_edits(edits: Vec<(ItemId, Vec<u8>)>) -> ();
        add_enrolment_failure(at: u64) -> ();
        stage(step: &Step, staged: Vec<Staged>) -> ();
        apply(step: &Step, writes: Vec<Write>) -> ();
    }
}
