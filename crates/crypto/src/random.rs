//! Where randomness comes from. Every function that needs some takes a `rand_core::CryptoRng`, so that test vectors can
//! fix it; programs pass [`system`].

use rand_core::{TryCryptoRng, TryRng, UnwrapErr};
use ring::rand::SecureRandom;

/// The operating system's generator, through ring.
#[derive(Debug, Clone)]
pub struct SystemRandom(ring::rand::SystemRandom);

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub struct Unavailable;

/// What [`system`] gives.
pub type System = UnwrapErr<SystemRandom>;

/// The system's generator as a `CryptoRng`. It panics where the operating system gives no randomness at all: nothing
/// safe can be done then, and no key must be made.
#[must_use]
pub fn system() -> System {
    UnwrapErr(SystemRandom(ring::rand::SystemRandom::new()))
}

/// `N` random bytes.
pub fn bytes<const N: usize>(rng: &mut impl rand_core::CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

impl TryRng for SystemRandom {
    type Error = Unavailable;

    fn try_next_u32(&mut self) -> Result<u32, Unavailable> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Unavailable> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        self.0.fill(bytes).map_err(|_| Unavailable)
    }
}

impl TryCryptoRng for SystemRandom {}
