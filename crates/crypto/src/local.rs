//! What a device keeps for itself: edits that are not sent yet.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Namespace, Unopenable, aead, random, secret::secret};

secret!(
    /// A device's own key; no other member ever holds it.
    LocalKey,
    32
);

impl LocalKey {
    /// `nonce (12) ‖ ciphertext ‖ tag (16)`, bound to `context`: what it is and where it belongs.
    pub fn seal(&self, context: &[u8], content: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        let nonce: [u8; 12] = random::bytes(rng);
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(&aead::seal(self.expose(), &nonce, &Namespace::LocalSeal.input(&[context]), content));
        sealed
    }

    /// Opens what [`LocalKey::seal`] made for the same context.
    ///
    /// # Errors
    /// [`Unopenable`].
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(Unopenable)?;
        aead::open(self.expose(), nonce, &Namespace::LocalSeal.input(&[context]), ciphertext)
    }
}
