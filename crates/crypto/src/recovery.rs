//! The recovery code: 160 random bits that a person keeps, and the member's keys that come of them.

use keyfold_wire::AccountId;

use crate::{MemberKeys, Namespace, SigningAlgorithm, SigningKey, Unopenable, WrappingKey, kdf, secret::secret};

secret!(
    /// 160 random bits.
    RecoveryCode,
    20
);

/// What a recovery code is for one account.
#[derive(Debug)]
pub struct RecoveryKeys {
    /// Ed25519.
    pub signing: SigningKey,
    /// X-Wing; its seed is derived, so every device comes to the same.
    pub wrapping: WrappingKey,
}

impl RecoveryCode {
    /// The member's keys: `HKDF(R, salt = account, recovery-signing | recovery-wrapping)`.
    ///
    /// # Errors
    /// None that can happen: every 32 bytes are an Ed25519 seed. It is an error rather than a panic all the same.
    pub fn keys(&self, account: &AccountId) -> Result<RecoveryKeys, Unopenable> {
        let derive = |namespace| kdf::derive::<32>(self.expose(), account.as_bytes(), namespace, &[]);
        let seed = derive(Namespace::RecoverySigning);
        Ok(RecoveryKeys {
            signing: SigningKey::from_secret(SigningAlgorithm::Ed25519, &seed)?,
            wrapping: WrappingKey::new(*derive(Namespace::RecoveryWrapping)),
        })
    }

    /// `HKDF(R, no salt, recovery-lookup)`, 32 bytes: finds the account, and tells nothing of the keys.
    #[must_use]
    pub fn lookup(&self) -> [u8; 32] {
        *kdf::derive::<32>(self.expose(), &[], Namespace::RecoveryLookup, &[])
    }
}

impl RecoveryKeys {
    /// The member as the roster lists it.
    #[must_use]
    pub fn public(&self) -> MemberKeys {
        MemberKeys::of(&self.signing, &self.wrapping)
    }
}
