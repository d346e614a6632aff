//! Between the columns' types and the domain's: a value that does not fit was never written by this program.

use keyfold_vault::storage::{AccountId, Element, EnrolmentId, Hash, ItemId, MemberId, Signed, StorageError};

pub(crate) fn unsigned(number: i64) -> Result<u64, StorageError> {
    u64::try_from(number).map_err(|_| StorageError::Damaged("a number is negative"))
}

/// Numbers above 2^63 come only from outside; no row has one, and clamped they still find none.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, StorageError> {
    Hash::try_from(bytes).map_err(|_| StorageError::Damaged("a hash has not 32 bytes"))
}

/// An item as the set hash counts it.
pub(crate) fn element(
    item: &[u8],
    revision: i64,
    tombstone: bool,
    envelope_hash: &[u8],
) -> Result<Element, StorageError> {
    let envelope = if tombstone { None } else { Some(hash(envelope_hash)?) };
    Ok(Element { item: item_id(item)?, revision: unsigned(revision)?, envelope })
}

/// The column of an element's hash: zero for a tombstone.
pub(crate) fn envelope_hash(element: &Element) -> Vec<u8> {
    element.envelope.unwrap_or(Hash::ZERO).to_vec()
}

pub(crate) fn message(body: Vec<u8>, signature: Vec<u8>) -> Signed {
    Signed { body, signature }
}

macro_rules! id {
    ($($name:ident: $id:ty),* $(,)?) => {$(
        pub(crate) fn $name(bytes: &[u8]) -> Result<$id, StorageError> {
            <$id>::try_from(bytes).map_err(|_| StorageError::Damaged("an id has not 16 bytes"))
        }
    )*};
}

id! {
    account_id: AccountId,
    member_id: MemberId,
    item_id: ItemId,
    enrolment_id: EnrolmentId,
}
