use std::fmt;

use rand_core::CryptoRng;

use zeroize::Zeroizing;

use crate::{
    Algorithm, BackupEligibility, CredProtect, CredRandom, CredentialId, Discoverability, InvalidPrivateKey,
    LargeBlobKey, PrivateKey, RpId, User,
};

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
    /// Whether it can be found without its id.
    pub discoverability: Discoverability,
    /// When it may be found and used without user verification.
    pub cred_protect: CredProtect,
    /// What the relying party stored with it (`credBlob`, CTAP 2.1 §12.2): at most 32 bytes if made here; empty for none.
    pub cred_blob: Zeroizing<Vec<u8>>,
}

/// What is to be made: the part of a new [`Passkey`] that is not drawn.
pub(crate) struct Blueprint {
    pub(crate) algorithm: Algorithm,
    pub(crate) rp_id: RpId,
    pub(crate) user: User,
    pub(crate) created_at: UnixMillis,
    pub(crate) backup_eligibility: BackupEligibility,
    pub(crate) discoverability: Discoverability,
    pub(crate) cred_protect: CredProtect,
    pub(crate) cred_blob: Zeroizing<Vec<u8>>,
}

impl Passkey {
    /// Draws a new passkey.
    ///
    /// The order of draws is fixed, so that known answers can be reproduced: credential id,
    /// private key (ES256 draws again while the 32 bytes are no scalar), the key of `hmac-secret`
    /// with user verification, the one without.
    pub(crate) fn generate(blueprint: Blueprint, rng: &mut impl CryptoRng) -> Result<Self, InvalidPrivateKey> {
        Ok(Passkey {
            credential_id: CredentialId::generate(rng),
            rp_id: blueprint.rp_id,
            user: blueprint.user,
            private_key: PrivateKey::generate(blueprint.algorithm, rng)?,
            cred_random_with_uv: CredRandom::generate(rng),
            cred_random_without_uv: CredRandom::generate(rng),
            created_at: blueprint.created_at,
            backup_eligibility: blueprint.backup_eligibility,
            discoverability: blueprint.discoverability,
            cred_protect: blueprint.cred_protect,
            cred_blob: blueprint.cred_blob,
        })
    }

    /// The key under which a platform seals this passkey's entry of the large-blob array (`largeBlobKey`, CTAP 2.1 §12.3).
    /// Every passkey has one, the same on every device: HKDF-Expand(the key of `hmac-secret` with user verification,
    /// "keyfold/large-blob-key/1"). `hmac-secret` takes salts of 32 bytes only, so it never yields this.
    pub fn large_blob_key(&self) -> LargeBlobKey {
        LargeBlobKey::of(&self.cred_random_with_uv)
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
