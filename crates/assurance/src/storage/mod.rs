//! What the services need of a database. Every operation is atomic: it happens as a whole, durably, or not at all; none touches
//! two tenants, but [`MemberStorage::tenants_of`], which reads.

mod error;
mod members;
mod postures;
mod relying_parties;
mod spent;
mod statements;
mod statuses;
mod tenants;

pub use error::StorageError;
pub use members::{
    Device, Facts, InviteHash, Joined, Member, MemberInvite, MemberStorage, NewMember, NewMemberInvite, Taken,
};
pub use postures::{DeviceKey, Judged, Kept, News, Policies, PolicyRow, PostureStorage};
pub use relying_parties::{Domain, RelyingParty, RelyingPartyStorage};
pub use spent::{KeptAnswer, SpentStorage, What};
pub use statements::{Stated, StatementRow, StatementStorage};
pub use statuses::{LeavesOf, Place, Places, ReportOf, Standing, StatusStorage};
pub use tenants::{KeyKind, Tenant, TenantKey, TenantStorage};

/// Everything that the services need of a database.
pub trait Storage:
    TenantStorage + RelyingPartyStorage + MemberStorage + PostureStorage + StatusStorage + StatementStorage + SpentStorage
{
}

impl<T> Storage for T where
    T: TenantStorage
        + RelyingPartyStorage
        + MemberStorage
        + PostureStorage
        + StatusStorage
        + StatementStorage
        + SpentStorage
{
}
