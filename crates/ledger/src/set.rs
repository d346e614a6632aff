use std::fmt;

use keyfold_crypto::{Hash, Namespace};
use keyfold_wire::AccountId;

use crate::Element;

const LANES: usize = 1024;

/// The state of the set hash: LtHash16 (Lewi, Kim, Maykov, Weis 2019), 1,024 lanes of 16 bits, over BLAKE3 in XOF mode.
///
/// Elements are added and subtracted lane by lane modulo 2^16, so the state depends on the set alone and an update costs
/// what changes, not what is there.
#[derive(Clone, PartialEq, Eq)]
pub struct SetState(Box<[u16; LANES]>);

/// A stored state has exactly 2,048 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a set state has 2,048 bytes, this has {0}")]
pub struct SetStateLength(usize);

impl SetState {
    /// Bytes of a stored state.
    pub const LEN: usize = 2 * LANES;

    /// The empty set: all zero.
    #[must_use]
    pub fn empty() -> Self {
        Self(Box::new([0; LANES]))
    }

    /// The state of these elements.
    pub fn of<'a>(elements: impl IntoIterator<Item = &'a Element>) -> Self {
        let mut state = Self::empty();
        for element in elements {
            state.add(element);
        }
        state
    }

    /// Adds an element that is not in the set.
    pub fn add(&mut self, element: &Element) {
        self.combine(element, u16::wrapping_add);
    }

    /// Subtracts an element that is in the set.
    pub fn subtract(&mut self, element: &Element) {
        self.combine(element, u16::wrapping_sub);
    }

    /// `H(set-hash, account ‖ state)`: what a commit is signed over.
    #[must_use]
    pub fn digest(&self, account: &AccountId) -> Hash {
        Hash::of(Namespace::SetHash, &[account.as_bytes(), &self.to_bytes()])
    }

    /// 2,048 bytes: the lanes in order, each little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    fn combine(&mut self, element: &Element, operation: fn(u16, u16) -> u16) {
        let mut output = [0; Self::LEN];
        blake3::Hasher::new()
            .update(&Namespace::SetElement.input(&[&element.bytes()]))
            .finalize_xof()
            .fill(&mut output);
        for (lane, bytes) in self.0.iter_mut().zip(output.as_chunks::<2>().0) {
            *lane = operation(*lane, u16::from_le_bytes(*bytes));
        }
    }
}

impl TryFrom<&[u8]> for SetState {
    type Error = SetStateLength;

    fn try_from(bytes: &[u8]) -> Result<Self, SetStateLength> {
        if bytes.len() != Self::LEN {
            return Err(SetStateLength(bytes.len()));
        }
        let mut state = Self::empty();
        for (lane, bytes) in state.0.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *lane = u16::from_le_bytes(*bytes);
        }
        Ok(state)
    }
}

impl fmt::Debug for SetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetState({} lanes)", self.0.len())
    }
}
