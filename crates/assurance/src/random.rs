use ring::rand::{SecureRandom, SystemRandom};

/// The system gives no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// Bytes that nobody foresees.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A number below a power of two.
pub(crate) fn below(power: u32) -> Result<u32, NoRandomness> {
    debug_assert!(power.is_power_of_two());
    Ok(u32::from_le_bytes(bytes()?) & (power - 1))
}
