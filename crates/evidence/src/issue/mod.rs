//! What a tenant issues: its authority's certificates, leaves, and tokens. For whoever verifies, none of it is needed.

mod certificates;
mod metadata;
mod tokens;

pub use certificates::{Issuer, LeafNotIssued, Names, Revocation, SerialNumber, metadata_root, metadata_signer, root};
pub use metadata::{MetadataBlob, MetadataKey, MetadataStatement, aaguid_of_get_info};
pub use rcgen::SigningKey;
pub use tokens::{TokenKey, TokenKeyError};
