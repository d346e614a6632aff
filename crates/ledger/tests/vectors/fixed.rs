use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Bytes that look random and are always the same: BLAKE3 in XOF mode over a label.
pub(crate) fn fixed<const N: usize>(label: &str) -> [u8; N] {
    let mut bytes = [0; N];
    blake3::Hasher::new().update(b"keyfold vectors: ").update(label.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A generator that gives out such bytes and remembers each draw.
pub(crate) struct Fixed {
    label: &'static str,
    drawn: Vec<Vec<u8>>,
}

impl Fixed {
    pub(crate) const fn new(label: &'static str) -> Self {
        Self { label, drawn: Vec::new() }
    }

    /// What was drawn, draw by draw.
    pub(crate) fn drawn<const N: usize>(self) -> [Vec<u8>; N] {
        self.drawn.try_into().expect("as many draws as the specification says")
    }
}

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("the protocol draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the protocol draws bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let label = format!("{} {}", self.label, self.drawn.len());
        let long: [u8; 64] = fixed(&label);
        bytes.copy_from_slice(&long[..bytes.len()]);
        self.drawn.push(bytes.to_vec());
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
