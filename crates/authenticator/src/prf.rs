//! Evaluating a passkey's pseudo-random function for our own client, which sits in the same
//! process: no key agreement, and nothing in authenticator data (WebAuthn §10.1.4).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{CredRandom, CredentialId};

/// One or two salts: already hashed with the context string of WebAuthn's `prf` extension.
///
/// A relying party may keep its inputs secret, so `Debug` prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PrfSalts {
    /// The first salt, 32 bytes.
    pub first: [u8; 32],
    /// The second salt, 32 bytes, if two outputs are wanted.
    pub second: Option<[u8; 32]>,
}

impl fmt::Debug for PrfSalts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfSalts(..)")
    }
}

/// The salts of a sign-in, which may depend on the passkey that is going to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrfInputs {
    /// Salts for particular credential ids; the first that fits counts.
    pub by_credential: Vec<(Vec<u8>, PrfSalts)>,
    /// Salts for every other passkey.
    pub otherwise: Option<PrfSalts>,
}

impl PrfInputs {
    pub(crate) fn salts_for(&self, id: &CredentialId) -> Option<&PrfSalts> {
        let named = self.by_credential.iter().find(|(named, _)| named == id.as_bytes());
        named.map(|(_, salts)| salts).or(self.otherwise.as_ref())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_credential.is_empty() && self.otherwise.is_none()
    }
}

/// One or two 32-byte outputs. Zeroized on drop; `Debug` prints nothing.
#[derive(Clone)]
pub struct PrfOutput {
    first: Zeroizing<[u8; 32]>,
    second: Option<Zeroizing<[u8; 32]>>,
}

impl PrfOutput {
    /// Evaluates a passkey's function.
    pub(crate) fn evaluate(key: &CredRandom, salts: &PrfSalts) -> Self {
        PrfOutput { first: key.evaluate(&salts.first), second: salts.second.as_ref().map(|salt| key.evaluate(salt)) }
    }

    /// The output for the first salt.
    pub fn first(&self) -> &[u8; 32] {
        &self.first
    }

    /// The output for the second salt, if one was given.
    pub fn second(&self) -> Option<&[u8; 32]> {
        self.second.as_deref()
    }
}

impl PartialEq for PrfOutput {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        let seconds_equal = match (self.second(), other.second()) {
            (Some(one), Some(another)) => one.ct_eq(another).into(),
            (None, None) => true,
            _ => false,
        };
        bool::from(self.first().ct_eq(other.first())) && seconds_equal
    }
}

impl Eq for PrfOutput {}

impl fmt::Debug for PrfOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrfOutput(..)")
    }
}
