//! Between the columns' types and the domain's: a value that does not fit was never written by this program.

use std::error::Error;

use keyfold_assurance::{
    policy::State,
    storage::{Standing, StorageError},
};
use keyfold_wire::{AccountId, ClientId, MemberId, TenantId};

/// Every failure of the database is the same to a service: nothing can be said of the outcome but that repeating is safe.
pub(super) fn unavailable(error: impl Error + Send + Sync + 'static) -> StorageError {
    StorageError::Unavailable(Box::new(error))
}

/// What a transaction's own failures are to this half.
pub(super) fn other(error: keyfold_vault::storage::StorageError) -> StorageError {
    match error {
        keyfold_vault::storage::StorageError::Unavailable(error) => StorageError::Unavailable(error),
        keyfold_vault::storage::StorageError::Damaged(what) => StorageError::Damaged(what),
    }
}

pub(super) fn unsigned(number: i64) -> Result<u64, StorageError> {
    u64::try_from(number).map_err(|_| StorageError::Damaged("a number is negative"))
}

pub(super) fn number<T: TryFrom<i64>>(number: i64) -> Result<T, StorageError> {
    T::try_from(number).map_err(|_| StorageError::Damaged("a number is out of its range"))
}

pub(super) fn hash(bytes: &[u8]) -> Result<[u8; 32], StorageError> {
    bytes.try_into().map_err(|_| StorageError::Damaged("a hash has not 32 bytes"))
}

macro_rules! id {
    ($($name:ident: $id:ty),* $(,)?) => {$(
        pub(super) fn $name(bytes: &[u8]) -> Result<$id, StorageError> {
            <$id>::try_from(bytes).map_err(|_| StorageError::Damaged("an id has not 16 bytes"))
        }
    )*};
}

id! {
    tenant_id: TenantId,
    account_id: AccountId,
    device_id: MemberId,
    client_id: ClientId,
}

pub(super) const fn state_number(state: State) -> i16 {
    match state {
        State::Compliant => 0,
        State::InGracePeriod => 1,
        State::Unknown => 2,
        State::NonCompliant => 3,
        State::Error => 4,
    }
}

pub(super) fn state(number: i16) -> Result<State, StorageError> {
    let found = State::ALL.into_iter().find(|state| state_number(*state) == number);
    found.ok_or(StorageError::Damaged("a device is in a state that there is not"))
}

pub(super) const fn standing_number(standing: Standing) -> i16 {
    match standing {
        Standing::Valid => 0,
        Standing::Invalid => 1,
        Standing::Suspended => 2,
    }
}

pub(super) fn standing(number: i16) -> Result<Standing, StorageError> {
    match number {
        0 => Ok(Standing::Valid),
        1 => Ok(Standing::Invalid),
        2 => Ok(Standing::Suspended),
        _ => Err(StorageError::Damaged("something stands where nothing can")),
    }
}
