use rand_core::CryptoRng;
use thiserror::Error;

/// The name of one passkey, known to its relying party: 16 to 64 bytes.
///
/// Those made here are 32 random bytes. Shorter and longer ones come from imports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(Vec<u8>);

impl CredentialId {
    /// The most bytes.
    pub const MAX_LENGTH: usize = 64;

    /// 32 fresh random bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = vec![0; GENERATED_LENGTH];
        rng.fill_bytes(&mut bytes);
        CredentialId(bytes)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for CredentialId {
    type Error = InvalidCredentialId;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidCredentialId> {
        if (MIN_LENGTH..=CredentialId::MAX_LENGTH).contains(&bytes.len()) {
            Ok(CredentialId(bytes.to_vec()))
        } else {
            Err(InvalidCredentialId)
        }
    }
}

/// The credential id is not 16 to 64 bytes long; it cannot be one of this authenticator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a credential id is 16 to 64 bytes long")]
pub struct InvalidCredentialId;

const GENERATED_LENGTH: usize = 32;
const MIN_LENGTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_outside_the_limits_are_refused() {
        for (length, accepted) in [(0, false), (15, false), (16, true), (64, true), (65, false)] {
            assert_eq!(CredentialId::try_from(vec![7; length].as_slice()).is_ok(), accepted, "{length}");
        }
    }
}
