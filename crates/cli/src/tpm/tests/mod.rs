//! Stories on real TPM emulators, each test with its own (Debian's packages swtpm and swtpm-tools).

mod chip;
mod evidence;
mod keys;
mod listeners;
mod pins;
mod server;
mod stored;
mod wire;

use ring::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};

use super::{BoundKey, KeyAuth, Tpm, TpmError};

const MESSAGE: &[u8] = b"authenticator data and the hash of client data";

fn sha256(message: &[u8]) -> [u8; 32] {
    digest(&SHA256, message).as_ref().try_into().unwrap()
}

fn sign(tpm: &mut Tpm, key: &BoundKey, auth: &KeyAuth) -> Result<(), TpmError> {
    let signature = tpm.sign(key, auth, &sha256(MESSAGE))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.point()).verify(MESSAGE, signature.as_bytes()).unwrap();
    Ok(())
}

/// Where the public area begins in what is stored.
fn area_of(bytes: &[u8]) -> usize {
    3 + usize::from(u16::from_be_bytes([bytes[1], bytes[2]])) + 2
}
