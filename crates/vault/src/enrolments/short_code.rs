use rand_core::CryptoRng;

use crate::{clock::MINUTE, storage::GuessWindow};

/// Eight letters and digits that people cannot mistake for each other: no 0, 1, i, l, o.
const ALPHABET: [u8; 31] = *b"23456789abcdefghjkmnpqrstuvwxyz";
const LENGTH: usize = 8;

/// A device that types three wrong codes waits.
pub(super) const GUESSES: GuessWindow = GuessWindow { limit: 3, length: 10 * MINUTE };

/// Draws a short code, each with the same chance.
pub(super) fn draw(rng: &mut impl CryptoRng) -> String {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let mut byte = [0];
        rng.fill_bytes(&mut byte);
        // 248 = 8 · 31: the rest would favour the first letters.
        if byte[0] < 248 {
            code.extend(ALPHABET.get(usize::from(byte[0] % 31)).copied().map(char::from));
        }
    }
    code
}

/// What was typed, in the one form that is stored: small letters, no spaces or hyphens. `None` if it cannot be a code.
pub(super) fn parse(text: &str) -> Option<String> {
    let code: String = text
        .chars()
        .filter(|char| !matches!(char, ' ' | '-'))
        .map(|char| char.to_ascii_lowercase())
        .take(LENGTH + 1)
        .collect();
    (code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte))).then_some(code)
}

#[cfg(test)]
mod tests {
    use keyfold_crypto::random;

    use super::*;

    #[test]
    fn a_code_reads_back_as_people_type_it() {
        let code = draw(&mut random::system());
        assert_eq!(code.len(), 8);
        let (first, last) = code.split_at(4);
        assert_eq!(parse(&format!("{}-{}", first.to_uppercase(), last)), Some(code));
    }

    #[test]
    fn what_cannot_be_a_code_is_not_looked_up() {
        for text in ["", "2345678", "234567899", "2345678o", "2345678ä", "%%%%%%%%"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
