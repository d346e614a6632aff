//! What this device shows of itself to relying parties, by word of its account's tenants.
//!
//! A tenant gives leaves for evidence keys in batches, and never learns which is for whom. A key is given to one relying party before
//! the first response with it leaves the device, and to no other for ever.

mod keys;
mod leaves;
mod records;
mod serving;
mod tenancy;
mod witness;

pub use keyfold_evidence::{Class, Day};
pub use keyfold_policy as policy;
pub use keyfold_wire::TenantId;
pub use serving::{PostureSource, TenantsServed};
pub use tenancy::{Invitation, TenantError, TenantStanding, Unserved};

pub(crate) use records::{keep_all, queue_export};
pub(crate) use witness::{Assigned, Stating, VaultWitness};
