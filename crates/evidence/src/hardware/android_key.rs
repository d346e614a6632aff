//! Android Key Attestation: a device's word for a key that it keeps, up to a root of Google's or of whoever is trusted.

use x509_cert::der::asn1::ObjectIdentifier;

use super::key_description::KeyDescription;
use crate::{
    UnixMillis,
    roots::{Path, PathError, Purpose, Roots, spki},
};

/// A key that an Android device keeps, by its maker's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndroidKey {
    /// The key (`SubjectPublicKeyInfo`, DER).
    pub public_key: Vec<u8>,
    /// What the device says of it, and of itself.
    pub description: KeyDescription,
    /// SHA-256 of the root that the path leads to.
    pub root: [u8; 32],
}

/// Why an Android key attestation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AndroidKeyError {
    /// The path is.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No certificate describes a key, or one does in a form that is none.
    #[error("no certificate describes a key")]
    Description,
    /// A key that a device describes has signed a certificate itself: somebody made up what stands below.
    #[error("a key that a device describes has issued a certificate")]
    Extended,
    /// It is to another challenge.
    #[error("it is to another challenge")]
    Challenge,
}

impl AndroidKey {
    /// Verifies a chain (DER, the key's own certificate first) as it answers a challenge. Certificates that have expired are refused,
    /// where Google's own verifier lets those pass that were put into a device as it was made.
    ///
    /// Whether the device and the key are as they ought to be is the caller's to see: [`KeyDescription::booted`],
    /// [`KeyDescription::protection`]. So is Google's list of revoked certificates, by their serial numbers.
    ///
    /// # Errors
    /// [`AndroidKeyError`].
    pub fn verify(
        chain: &[Vec<u8>],
        challenge: &[u8],
        roots: &Roots,
        now: UnixMillis,
    ) -> Result<Self, AndroidKeyError> {
        let path = Path::parse(chain)?;
        let root = path.verify(roots, now, Purpose::AndroidKey)?;
        let description = described(&path)?;
        if description.challenge != challenge {
            return Err(AndroidKeyError::Challenge);
        }
        Ok(Self { public_key: spki(&path.leaf).ok_or(PathError::Malformed)?, description, root })
    }
}

/// What is said of a path's first key. Who has a key that a device described could sign certificates by it that describe others, so
/// of all that have the extension the one that is nearest to the root counts, and nothing stands below that.
pub(crate) fn described(path: &Path<'_>) -> Result<KeyDescription, AndroidKeyError> {
    let described =
        path.links().enumerate().filter_map(|(place, link)| Some((place, link.extension(KEY_DESCRIPTION)?)));
    match described.last() {
        None => Err(AndroidKeyError::Description),
        Some((0, description)) => {
            KeyDescription::parse(description.extn_value.as_bytes()).map_err(|_| AndroidKeyError::Description)
        }
        Some(_) => Err(AndroidKeyError::Extended),
    }
}

const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");
