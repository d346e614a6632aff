//! The recovery code: 160 random bits that a person keeps, and the member's keys that come of them.

use bech32::{Bech32m, ByteIterExt, Fe32IterExt, Hrp, primitives::decode::CheckedHrpstring};
use keyfold_wire::AccountId;
use zeroize::Zeroizing;

use crate::{Hash, MemberKeys, Namespace, SigningAlgorithm, SigningKey, Unopenable, WrappingKey, kdf, secret::secret};

secret!(
    /// 160 random bits.
    RecoveryCode,
    20
);

/// What a recovery code is for one account.
#[derive(Debug)]
pub struct RecoveryKeys {
    /// Ed25519.
    pub signing: SigningKey,
    /// X-Wing; its seed is derived, so every device comes to the same.
    pub wrapping: WrappingKey,
}

impl RecoveryCode {
    /// The member's keys: `HKDF(R, salt = account, recovery-signing | recovery-wrapping)`.
    ///
    /// # Errors
    /// None that can happen: every 32 bytes are an Ed25519 seed. It is an error rather than a panic all the same.
    pub fn keys(&self, account: &AccountId) -> Result<RecoveryKeys, Unopenable> {
        let derive = |namespace| kdf::derive::<32>(self.expose(), account.as_bytes(), namespace, &[]);
        let seed = derive(Namespace::RecoverySigning);
        Ok(RecoveryKeys {
            signing: SigningKey::from_secret(SigningAlgorithm::Ed25519, &seed)?,
            wrapping: WrappingKey::new(*derive(Namespace::RecoveryWrapping)),
        })
    }

    /// `HKDF(R, no salt, recovery-lookup)`, 32 bytes: finds the account, and tells nothing of the keys.
    #[must_use]
    pub fn lookup(&self) -> [u8; 32] {
        *kdf::derive::<32>(self.expose(), &[], Namespace::RecoveryLookup, &[])
    }
}

impl RecoveryKeys {
    /// The member as the roster lists it.
    #[must_use]
    pub fn public(&self) -> MemberKeys {
        MemberKeys::of(&self.signing, &self.wrapping)
    }
}

/// What the roster and the server keep of a lookup: `H("recovery-index", lookup)`. Neither can find an account by it.
#[must_use]
pub fn lookup_hash(lookup: &[u8; 32]) -> Hash {
    Hash::of(Namespace::RecoveryIndex, &[lookup])
}

impl RecoveryCode {
    /// As people keep it: Bech32m (BIP 350) with the human-readable part `keyfold`, 46 characters in groups of at most eight.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
        let characters = self.expose().iter().copied().bytes_to_fes().with_checksum::<Bech32m>(&HRP).chars();
        for (place, character) in characters.enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push(' ');
            }
            text.push(character);
        }
        text
    }

    /// Reads what [`RecoveryCode::to_text`] gives, in any case, whatever white space and hyphens are between.
    ///
    /// # Errors
    /// [`NotARecoveryCode`]: up to four wrong characters are always noticed.
    pub fn parse(text: &str) -> Result<Self, NotARecoveryCode> {
        if text.len() > MAX_TEXT {
            return Err(NotARecoveryCode);
        }
        let plain = text.chars().filter(|character| !character.is_whitespace() && *character != '-');
        let plain = Zeroizing::new(plain.map(|character| character.to_ascii_lowercase()).collect::<String>());
        let checked = CheckedHrpstring::new::<Bech32m>(&plain).map_err(|_| NotARecoveryCode)?;
        if checked.hrp() != HRP {
            return Err(NotARecoveryCode);
        }
        let mut bytes = Zeroizing::new([0; 20]);
        let mut read = checked.byte_iter();
        for byte in bytes.iter_mut() {
            *byte = read.next().ok_or(NotARecoveryCode)?;
        }
        if read.next().is_some() {
            return Err(NotARecoveryCode);
        }
        let code = Self::new(*bytes);
        // One code has one text: nothing is padded, and nothing is left out.
        if code.to_text().split(' ').flat_map(str::chars).eq(plain.chars()) { Ok(code) } else { Err(NotARecoveryCode) }
    }
}

/// Text is no recovery code, or one with a wrong character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no recovery code: a character is wrong or missing; it begins with \"keyfold1\" and has 46 characters")]
pub struct NotARecoveryCode;

const HRP: Hrp = Hrp::parse_unchecked("keyfold");
const GROUP: usize = 8;
/// Room for white space between each two characters.
const MAX_TEXT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> RecoveryCode {
        RecoveryCode::new(std::array::from_fn(|place| u8::try_from(place * 7).unwrap()))
    }

    #[test]
    fn a_code_is_read_as_it_is_written_however_it_is_typed() {
        let text = code().to_text();
        assert_eq!(text.chars().filter(|character| *character != ' ').count(), 46);
        assert!(text.starts_with("keyfold1 "), "{}", *text);
        for typed in [text.to_string(), text.to_uppercase(), text.replace(' ', ""), text.replace(' ', " - ")] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap(), code(), "{typed}");
        }
    }

    #[test]
    fn every_wrong_or_missing_character_is_noticed() {
        let text = code().to_text().replace(' ', "");
        for place in 0..text.len() {
            for other in
                "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio".chars().filter(|other| !text[place..].starts_with(*other))
            {
                let mut wrong: Vec<char> = text.chars().collect();
                wrong[place] = other;
                assert!(RecoveryCode::parse(&wrong.iter().collect::<String>()).is_err());
            }
            assert!(RecoveryCode::parse(&format!("{}{}", &text[..place], &text[place + 1..])).is_err());
        }
        for wrong in ["", "keyfold1", "keyfold", &text.repeat(2), &format!("{text}q"), &"q".repeat(200)] {
            assert_eq!(RecoveryCode::parse(wrong), Err(NotARecoveryCode));
        }
        // BIP 350: the checksum of the older Bech32 is another.
        let older = bech32::encode::<bech32::Bech32>(HRP, code().expose()).unwrap();
        assert_eq!(RecoveryCode::parse(&older), Err(NotARecoveryCode));
    }

    #[test]
    fn a_code_prints_as_nothing() {
        assert_eq!(format!("{:?}", code()), "RecoveryCode(..)");
    }
}
