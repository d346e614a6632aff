use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Namespace;

/// HKDF-SHA256 (RFC 5869) with `info = len(namespace) ‖ namespace ‖ context`.
#[expect(clippy::expect_used, reason = "HKDF refuses only more than 8,160 bytes, which the assertion excludes")]
pub(crate) fn derive<const N: usize>(
    ikm: &[u8],
    salt: &[u8],
    namespace: Namespace,
    context: &[&[u8]],
) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32) };
    let mut okm = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(&namespace.input(context), okm.as_mut_slice())
        .expect("the length is checked when this is compiled");
    okm
}

#[cfg(test)]
mod known_answers;
