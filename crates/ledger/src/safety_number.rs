use std::fmt;

use keyfold_crypto::{Hash, Namespace};
use keyfold_wire::AccountId;

/// 25 decimal digits (83 bits) over both chains at common positions, for people to compare between two devices. Equal
/// numbers mean that the server showed both devices the same history up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafetyNumber([u32; 5]);

/// `account (16) ‖ roster seq (8) ‖ roster head (32) ‖ vault seq (8) ‖ vault head (32)`.
#[must_use]
pub fn heads_at(account: &AccountId, roster: (u64, Hash), vault: (u64, Hash)) -> SafetyNumber {
    let hash = Hash::of(
        Namespace::SafetyNumber,
        &[account.as_bytes(), &roster.0.to_be_bytes(), roster.1.as_bytes(), &vault.0.to_be_bytes(), vault.1.as_bytes()],
    );
    // Five groups: each 6 bytes of the hash, big-endian, modulo 100,000.
    let mut groups = [0; 5];
    for (group, bytes) in groups.iter_mut().zip(hash.as_bytes().as_chunks::<6>().0) {
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        *group = u32::try_from(number % 100_000).unwrap_or_default();
    }
    SafetyNumber(groups)
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] = self.0;
        write!(f, "{a:05} {b:05} {c:05} {d:05} {e:05}")
    }
}
