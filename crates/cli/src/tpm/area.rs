//! Public areas (TPMT_PUBLIC, Part 2, "Public Area Structures") of the keys that this program makes. Each is a few fixed bytes,
//! and a point; so that what was stored is compared with what it must be, and not interpreted.

use tss_esapi::{structures::Public, traits::UnMarshall};

use super::{TpmError, auth::Guesses, signature::padded};

/// What a key of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It signs digests that come from outside, for whoever can authorise that.
    Passkey(Guesses),
    /// It signs what the TPM itself says, and digests that the TPM computed of something that does not look like that. It needs no
    /// authorisation: there is nothing untrue that it could be made to sign.
    Attestation,
}

impl Purpose {
    /// All of them.
    const ALL: [Self; 3] = [Self::Passkey(Guesses::Counted), Self::Passkey(Guesses::Free), Self::Attestation];

    const fn attributes(self) -> u32 {
        let made_here_for_good = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | USER_WITH_AUTH;
        match self {
            Self::Passkey(Guesses::Counted) => made_here_for_good | SIGN,
            Self::Passkey(Guesses::Free) => made_here_for_good | SIGN | NO_DA,
            Self::Attestation => made_here_for_good | SIGN | NO_DA | RESTRICTED,
        }
    }

    /// All of the area that comes before the point.
    fn head(self) -> Vec<u8> {
        let mut head = head(self.attributes());
        head.extend(NULL);
        head.extend(ECDSA_SHA256);
        head.extend(P256);
        head.extend(NULL);
        head
    }

    /// What a TPM is given to make one. The point is empty.
    pub(super) fn template(self) -> Result<Public, TpmError> {
        let mut area = self.head();
        area.extend([0; 4]);
        unmarshalled(&area)
    }
}

/// A storage key as the TCG's provisioning guidance has it ("SRK", P-256): whoever creates it anew gets the same one, until the
/// TPM's owner clears it.
pub(super) fn storage_key() -> Result<Public, TpmError> {
    let mut area =
        head(FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | USER_WITH_AUTH | NO_DA | RESTRICTED | DECRYPT);
    area.extend(AES_128_CFB);
    area.extend(NULL);
    area.extend(P256);
    area.extend(NULL);
    for _ in ["x", "y"] {
        area.extend([0, 32]);
        area.extend([0; 32]);
    }
    unmarshalled(&area)
}

/// What a public area is for, and its point (SEC 1, uncompressed). Nothing, if it differs in a bit from those that this program
/// makes; whether the point is on the curve, the TPM says when it loads it.
pub(super) fn read(area: &[u8]) -> Option<(Purpose, [u8; 65])> {
    Purpose::ALL.into_iter().find_map(|purpose| Some((purpose, point(area.strip_prefix(purpose.head().as_slice())?)?)))
}

/// As tpm2-tss has it.
pub(super) fn unmarshalled(area: &[u8]) -> Result<Public, TpmError> {
    Ok(Public::unmarshall(area)?)
}

/// Takes so many bytes off the front.
pub(super) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Takes a TPM2B off the front: a length of two bytes, and as many bytes.
pub(super) fn take_sized<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(bytes, 2)?.try_into().ok()?);
    take(bytes, length.into())
}

/// A TPMS_ECC_POINT and nothing more.
fn point(mut bytes: &[u8]) -> Option<[u8; 65]> {
    let (x, y) = (take_sized(&mut bytes)?, take_sized(&mut bytes)?);
    if x.is_empty() || y.is_empty() || !bytes.is_empty() {
        return None;
    }
    let mut point = [4; 65];
    point.get_mut(1..33)?.copy_from_slice(&padded(x)?);
    point.get_mut(33..)?.copy_from_slice(&padded(y)?);
    Some(point)
}

/// Type, hash of the name, attributes, and no policy.
fn head(attributes: u32) -> Vec<u8> {
    let mut head = ECC.to_vec();
    head.extend(SHA256);
    head.extend(attributes.to_be_bytes());
    head.extend([0, 0]);
    head
}

/// TPMA_OBJECT.
const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const USER_WITH_AUTH: u32 = 1 << 6;
const NO_DA: u32 = 1 << 10;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;
const SIGN: u32 = 1 << 18;

/// TPM_ALG_ID and what follows it.
const ECC: [u8; 2] = [0x00, 0x23];
const SHA256: [u8; 2] = [0x00, 0x0b];
const NULL: [u8; 2] = [0x00, 0x10];
const ECDSA_SHA256: [u8; 4] = [0x00, 0x18, 0x00, 0x0b];
const AES_128_CFB: [u8; 6] = [0x00, 0x06, 0x00, 0x80, 0x00, 0x43];
/// TPM_ECC_CURVE.
const P256: [u8; 2] = [0x00, 0x03];
