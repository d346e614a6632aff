//! A device's secrets under a passphrase: Argon2id (RFC 9106) with pinned parameters, then AES-256-GCM with a key
//! commitment.

use argon2::{Algorithm, Argon2, Params, Version};
use keyfold_wire::v1::SealedSecrets;
use prost::Message;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    Namespace, SUITE, Unopenable,
    committed::CommittedKey,
    exact::{self, Malformed},
    random,
};

/// 64 MiB.
pub const MEMORY_KIB: u32 = 65_536;
/// Three passes.
pub const PASSES: u32 = 3;
/// One lane.
pub const LANES: u32 = 1;
/// The most bytes that sealed secrets may have.
pub const MAX_LEN: usize = 8 * 1024;

const SALT_LEN: usize = 16;
const NONCE_LEN: usize = 12;

/// Why sealed secrets do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// The passphrase is another, or the bytes were changed.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// Not sealed secrets at all.
    #[error("the sealed secrets are damaged: {0}")]
    Malformed(#[from] Malformed),
    /// Another suite, or parameters other than the pinned ones. Nothing was derived.
    #[error("the sealed secrets ask for another key derivation than this version's: refused")]
    Parameters,
    /// The memory that the derivation needs could not be had.
    #[error("there are not 64 MiB of memory for the key derivation")]
    Memory,
}

/// Seals `content` under a passphrase.
///
/// # Errors
/// [`PassphraseError::Memory`].
pub fn seal(passphrase: &[u8], content: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, PassphraseError> {
    let header = Header { salt: random::bytes(rng) };
    let nonce: [u8; NONCE_LEN] = random::bytes(rng);
    let key = header.derive(passphrase)?;
    let sealed = SealedSecrets {
        suite: SUITE,
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
        salt: header.salt.to_vec(),
        nonce: nonce.to_vec(),
        commitment: key.commitment().to_vec(),
        ciphertext: key.seal(&nonce, &header.bytes(), content),
    };
    Ok(sealed.encode_to_vec())
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`PassphraseError`]; parameters are checked before any work is done.
pub fn open(passphrase: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    let sealed: SealedSecrets = exact::decode(sealed, MAX_LEN)?;
    if (sealed.suite, sealed.memory_kib, sealed.passes, sealed.lanes) != (SUITE, MEMORY_KIB, PASSES, LANES) {
        return Err(PassphraseError::Parameters);
    }
    let header = Header { salt: sealed.salt.try_into().map_err(|_| Malformed::NotCanonical)? };
    let nonce: [u8; NONCE_LEN] = sealed.nonce.try_into().map_err(|_| Malformed::NotCanonical)?;
    let key = header.derive(passphrase)?;
    key.open(&sealed.commitment, &nonce, &header.bytes(), &sealed.ciphertext)
        .map_err(|Unopenable| PassphraseError::WrongPassphrase)
}

struct Header {
    salt: [u8; SALT_LEN],
}

impl Header {
    /// `suite ‖ memory ‖ passes ‖ lanes` (4 bytes each, big-endian) `‖ salt (16)`.
    fn bytes(&self) -> Vec<u8> {
        let numbers = [SUITE, MEMORY_KIB, PASSES, LANES];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn derive(&self, passphrase: &[u8]) -> Result<CommittedKey, PassphraseError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|_| PassphraseError::Parameters)?;
        let mut root = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, &self.salt, root.as_mut_slice())
            .map_err(|_| PassphraseError::Memory)?;
        Ok(CommittedKey::derive(root.as_slice(), Namespace::PassphraseKey, &self.bytes()))
    }
}

#[cfg(test)]
mod known_answers;
