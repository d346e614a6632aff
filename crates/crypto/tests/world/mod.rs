//! One account, one epoch, one item: what the tests seal, and where they seal it.

#![allow(dead_code, reason = "each test file uses its part")]

use keyfold_crypto::{
    EpochKey, Hash, MemberKeys, SigningAlgorithm, SigningKey, Unopenable, WrappingKey,
    envelope::{self, Context},
    epoch::SealContext,
    random,
};
use keyfold_wire::{AccountId, ItemId, MemberId};

pub(crate) const ACCOUNT: AccountId = AccountId::new([1; 16]);
pub(crate) const ITEM: ItemId = ItemId::new([2; 16]);
pub(crate) const EPOCH: u64 = 3;
pub(crate) const CONTEXT: Context =
    Context { account: ACCOUNT, item: ITEM, revision: 5, epoch: EPOCH, at: 1_800_000_000_000 };

pub(crate) fn epoch_key() -> EpochKey {
    EpochKey::new([8; 32])
}

pub(crate) const fn seal_context() -> SealContext {
    SealContext { account: ACCOUNT, epoch: EPOCH, member: MemberId::new([6; 16]), prev: Hash::new([7; 32]) }
}

/// A new device's signing key and its public keys.
pub(crate) fn member() -> (SigningKey, MemberKeys) {
    let signing = SigningKey::generate(SigningAlgorithm::Ed25519, &mut random::system());
    let keys = MemberKeys::of(&signing, &WrappingKey::generate(&mut random::system()));
    (signing, keys)
}

/// The epoch key, sealed to the member.
pub(crate) fn sealed(member: &WrappingKey) -> (SealContext, Vec<u8>) {
    let context = seal_context();
    (context, epoch_key().seal(&member.public_key(), &context, &mut random::system()))
}

/// Opens a sealed key as if the signed entry committed to this world's epoch key there.
pub(crate) fn open_sealed(member: &WrappingKey, context: &SealContext, sealed: &[u8]) -> Result<EpochKey, Unopenable> {
    EpochKey::open(member, context, &epoch_key().commitment(&context.account, context.epoch), sealed)
}

pub(crate) fn sealed_item(content: &[u8]) -> Vec<u8> {
    envelope::seal(&epoch_key(), &CONTEXT, content, &mut random::system()).unwrap_or_default()
}
