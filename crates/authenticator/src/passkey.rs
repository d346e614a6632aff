use std::fmt;

use rand_core::CryptoRng;

use crate::{Algorithm, BackupEligibility, CredRandom, CredentialId, InvalidPrivateKey, PrivateKey, RpId, User};

/// One passkey with all its secrets: WebAuthn's *public key credential source* (§4).
///
/// Each field's type holds its own limits, so any value of this type is valid. The secrets
/// zeroize on drop, and `Debug` prints nothing of what is in it.
#[derive(Clone)]
pub struct Passkey {
    /// Its name: 32 random bytes if made here, 16 to 64 bytes if imported.
    pub credential_id: CredentialId,
    /// The relying party it is for.
    pub rp_id: RpId,
    /// The account it signs in to.
    pub user: User,
    /// The key that signs, which also tells the algorithm.
    pub private_key: PrivateKey,
    /// The key of `hmac-secret` for requests in which the user was verified, and of `prf` always.
    pub cred_random_with_uv: CredRandom,
    /// The key of `hmac-secret` for requests in which the user was not verified.
    pub cred_random_without_uv: CredRandom,
    /// When it was made.
    pub created_at: UnixMillis,
    /// BE, as it was told to the relying party at creation.
    pub backup_eligibility: BackupEligibility,
}

impl Passkey {
    /// Draws a new passkey.
    ///
    /// The order of draws is fixed, so that known answers can be reproduced: credential id,
    /// private key (ES256 draws again while the 32 bytes are no scalar), the key of `hmac-secret`
    /// with user verification, the one without.
    pub(crate) fn generate(
        algorithm: Algorithm,
        rp_id: RpId,
        user: User,
        backup_eligibility: BackupEligibility,
        created_at: UnixMillis,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, InvalidPrivateKey> {
        Ok(Passkey {
            credential_id: CredentialId::generate(rng),
            rp_id,
            user,
            private_key: PrivateKey::generate(algorithm, rng)?,
            cred_random_with_uv: CredRandom::generate(rng),
            cred_random_without_uv: CredRandom::generate(rng),
            created_at,
            backup_eligibility,
        })
    }
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passkey(..)")
    }
}

/// A time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

#[cfg(test)]
mod tests {
    use crate::testing::{Script, example_passkey};

    #[test]
    fn debug_of_a_passkey_prints_nothing_of_it() {
        let passkey = example_passkey(&mut Script::endless());
        insta::assert_debug_snapshot!(passkey, @"Passkey(..)");
        insta::assert_debug_snapshot!(passkey.private_key, @"PrivateKey(..)");
        insta::assert_debug_snapshot!(passkey.cred_random_with_uv, @"CredRandom(..)");
        insta::assert_debug_snapshot!(passkey.user, @"User(..)");
        insta::assert_debug_snapshot!(passkey.user.handle, @"UserHandle(..)");
    }
}
