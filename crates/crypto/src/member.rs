use keyfold_wire::{MemberId, v1};

use crate::{
    Hash, Namespace, SigningAlgorithm, SigningKey, VerifyingKey, WrappingKey, WrappingPublicKey, signing::NotAKey,
};

/// The checked public keys of a device or recovery member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberKeys {
    signing: VerifyingKey,
    wrapping: WrappingPublicKey,
}

/// Why public keys are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberKeysError {
    /// The message that should hold the keys is not there.
    #[error("the member's keys are missing")]
    Missing,
    /// Unknown algorithm, wrong length, or not a point.
    #[error("the member's signing key is not a key of its algorithm")]
    Signing,
    /// Not an X-Wing encapsulation key.
    #[error("the member's wrapping key is not an X-Wing key")]
    Wrapping,
}

impl MemberKeys {
    /// The public halves of a member's own keys.
    #[must_use]
    pub fn of(signing: &SigningKey, wrapping: &WrappingKey) -> Self {
        Self { signing: signing.verifying_key(), wrapping: wrapping.public_key() }
    }

    /// `H(member-id, alg (1 byte) ‖ signing key ‖ wrapping key)[..16]`: an id is bound to its keys.
    #[must_use]
    pub fn id(&self) -> MemberId {
        let algorithm = match self.signing.algorithm() {
            SigningAlgorithm::Ed25519 => [1],
            SigningAlgorithm::Es256 => [2],
        };
        let parts: [&[u8]; 3] = [&algorithm, self.signing.as_bytes(), self.wrapping.as_bytes()];
        MemberId::new(Hash::of(Namespace::MemberId, &parts).first_16())
    }

    /// Verifies what the member signs.
    #[must_use]
    pub const fn signing(&self) -> &VerifyingKey {
        &self.signing
    }

    /// Seals to the member.
    #[must_use]
    pub const fn wrapping(&self) -> &WrappingPublicKey {
        &self.wrapping
    }

    /// As a message field holds them.
    #[must_use]
    pub fn to_wire(&self) -> v1::MemberKeys {
        v1::MemberKeys {
            algorithm: v1::SignatureAlgorithm::from(self.signing.algorithm()).into(),
            signing_key: self.signing.as_bytes().to_vec(),
            wrapping_key: self.wrapping.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<&v1::MemberKeys> for MemberKeys {
    type Error = MemberKeysError;

    fn try_from(keys: &v1::MemberKeys) -> Result<Self, MemberKeysError> {
        let signing = SigningAlgorithm::try_from(keys.algorithm)
            .and_then(|algorithm| VerifyingKey::new(algorithm, &keys.signing_key))
            .map_err(|NotAKey| MemberKeysError::Signing)?;
        let wrapping = keys.wrapping_key.as_slice().try_into().map_err(|NotAKey| MemberKeysError::Wrapping)?;
        Ok(Self { signing, wrapping })
    }
}

impl TryFrom<Option<&v1::MemberKeys>> for MemberKeys {
    type Error = MemberKeysError;

    fn try_from(keys: Option<&v1::MemberKeys>) -> Result<Self, MemberKeysError> {
        keys.ok_or(MemberKeysError::Missing)?.try_into()
    }
}
