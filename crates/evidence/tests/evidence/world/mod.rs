mod authenticator;
mod maker;
mod tenant;

pub(crate) use authenticator::{CHALLENGE, Passkey, RP_ID, Shop, asked, client_data, evidence_key, extensions, point};
pub(crate) use maker::{
    MODEL, Maker, Registering, attestation, authority, dated, described, explicit, map, phone, sign, tlv, tpm_area,
    tpm_name, x5c,
};
pub(crate) use tenant::{Tenant, claims, names, serial};

use std::{env, path::PathBuf};

use keyfold_evidence::{Day, UnixMillis};

/// A day, and a moment of it.
pub(crate) const TODAY: Day = Day(20_788);

pub(crate) fn now() -> UnixMillis {
    UnixMillis(TODAY.begins().0 + 43_200_000)
}

/// With each bit flipped.
pub(crate) fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    })
}

/// A folder of what others made, which is not part of this project: of `$KEYFOLD_VECTORS`, or of `../shared/vectors` beside it.
pub(crate) fn vectors(folder: &str) -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors"));
    let folder = env::var_os("KEYFOLD_VECTORS").map_or_else(beside, PathBuf::from).join(folder);
    assert!(folder.is_dir(), "{} is missing: set KEYFOLD_VECTORS", folder.display());
    folder
}
