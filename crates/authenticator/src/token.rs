//! The pinUvAuthToken (CTAP 2.1 §6.5.2.1): what a platform proves that the user was verified, for a while and for what
//! it said it would do.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::pin_protocol::authenticate;
use crate::{CtapError, PinProtocol, RpId, UnixMillis};

/// What a token allows: a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permissions(u8);

impl Permissions {
    pub(crate) const MAKE_CREDENTIAL: Permissions = Permissions(0x01);
    pub(crate) const GET_ASSERTION: Permissions = Permissions(0x02);
    pub(crate) const CREDENTIAL_MANAGEMENT: Permissions = Permissions(0x04);
    pub(crate) const LARGE_BLOB_WRITE: Permissions = Permissions(0x10);
    pub(crate) const CONFIGURATION: Permissions = Permissions(0x20);
    /// Reading by credential management, with a token that stays (CTAP 2.2).
    pub(crate) const PERSISTENT_READ_ONLY: Permissions = Permissions(0x40);
    /// What *getPinToken* gives.
    pub(crate) const DEFAULT: Permissions = Permissions(0x03);

    /// Those that a platform asks for.
    ///
    /// # Errors
    /// [`CtapError::InvalidParameter`] for none at all, or for the persistent one together with others;
    /// [`CtapError::UnauthorizedPermission`] for one that is not given here.
    pub(crate) fn asked_for(bits: i64) -> Result<Self, CtapError> {
        let bits = u8::try_from(bits).map_err(|_| CtapError::UnauthorizedPermission)?;
        match bits {
            0 => Err(CtapError::InvalidParameter),
            bits if bits & !KNOWN != 0 => Err(CtapError::UnauthorizedPermission),
            bits if bits & Self::PERSISTENT_READ_ONLY.0 != 0 && bits != Self::PERSISTENT_READ_ONLY.0 => {
                Err(CtapError::InvalidParameter)
            }
            bits => Ok(Permissions(bits)),
        }
    }

    /// Whether they allow more than to make and use passkeys.
    pub(crate) fn reach_beyond_ceremonies(self) -> bool {
        self.0 & !Self::DEFAULT.0 != 0
    }

    pub(crate) fn include(self, other: Permissions) -> bool {
        self.0 & other.0 != 0
    }
}

/// A token in use. Its secret is zeroized on drop.
pub(crate) struct PinUvAuthToken {
    secret: Zeroizing<[u8; 32]>,
    protocol: PinProtocol,
    permissions: Permissions,
    rp_id: Option<RpId>,
    user_verified: bool,
    begun: UnixMillis,
    is_used: bool,
}

/// A MAC under a token that is still good.
pub(crate) struct Proven<'a>(&'a mut PinUvAuthToken);

impl PinUvAuthToken {
    pub(crate) fn begin(
        protocol: PinProtocol,
        permissions: Permissions,
        rp_id: Option<RpId>,
        now: UnixMillis,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(secret.as_mut_slice());
        PinUvAuthToken { secret, protocol, permissions, rp_id, user_verified: true, begun: now, is_used: false }
    }

    /// The secret, to be encrypted to the platform.
    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// Whether it is still good. A clock that was set back does not make it last longer.
    pub(crate) fn is_alive(&self, now: UnixMillis) -> bool {
        let limit = if self.is_used { USAGE_LIMIT } else { INITIAL_USAGE_LIMIT };
        now.0.abs_diff(self.begun.0) < limit
    }

    /// Checks a MAC over `message`.
    pub(crate) fn verify(
        &mut self,
        protocol: PinProtocol,
        message: &[u8],
        mac: &[u8],
    ) -> Result<Proven<'_>, CtapError> {
        if self.protocol != protocol {
            return Err(CtapError::PinAuthInvalid);
        }
        authenticate::verify(protocol, &self.secret, message, mac)?;
        self.is_used = true;
        Ok(Proven(self))
    }

    /// After a ceremony it is good for nothing but to write large blobs (§6.1.2 step 14, §6.2.2 step 9).
    pub(crate) fn spend(&mut self) {
        self.user_verified = false;
        self.permissions = Permissions(self.permissions.0 & Permissions::LARGE_BLOB_WRITE.0);
    }
}

impl Proven<'_> {
    /// That it allows `permission`.
    pub(crate) fn allows(self, permission: Permissions) -> Result<Self, CtapError> {
        if self.0.permissions.include(permission) { Ok(self) } else { Err(CtapError::PinAuthInvalid) }
    }

    /// That the user was verified for what is to be done now.
    pub(crate) fn verified(self) -> Result<Self, CtapError> {
        if self.0.user_verified { Ok(self) } else { Err(CtapError::PinAuthInvalid) }
    }

    /// That it is for this relying party; the first one that it is used for, if it was for none.
    pub(crate) fn bind(self, rp_id: &RpId) -> Result<Self, CtapError> {
        if self.0.rp_id.get_or_insert_with(|| rp_id.clone()) == rp_id {
            Ok(self)
        } else {
            Err(CtapError::PinAuthInvalid)
        }
    }

    /// The only relying party that it is for.
    pub(crate) fn scope(&self) -> Option<&RpId> {
        self.0.rp_id.as_ref()
    }
}

/// Until it is first used (§6.5.2.1): 30 seconds.
const INITIAL_USAGE_LIMIT: u64 = 30_000;
/// In all: 10 minutes.
const USAGE_LIMIT: u64 = 600_000;
const KNOWN: u8 = 0x77;
