mod authenticator;
mod tenant;

pub(crate) use authenticator::{CHALLENGE, Passkey, RP_ID, Shop, asked, client_data, evidence_key, extensions, point};
pub(crate) use tenant::{Tenant, claims, names, serial};

use keyfold_evidence::{Day, UnixMillis};

/// A day, and a moment of it.
pub(crate) const TODAY: Day = Day(20_788);

pub(crate) fn now() -> UnixMillis {
    UnixMillis(TODAY.begins().0 + 43_200_000)
}
