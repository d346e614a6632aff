use keyfold_authenticator::{Pin, PinError};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A PIN as somebody typed it, in Normalization Form C, which CTAP 2.1 §6.5.1 asks platforms for: on another keyboard the same
/// characters may be other bytes.
///
/// # Errors
/// [`PinError::Policy`] if it is shorter than 4 characters or longer than 63 bytes.
pub fn new_pin(typed: Zeroizing<String>) -> Result<Pin, PinError> {
    let mut normalized = Zeroizing::new(String::with_capacity(typed.len().saturating_mul(3)));
    normalized.extend(typed.nfc());
    Pin::new(normalized)
}
