//! DER (X.690) as far as extensions of certificates need it: definite lengths and high tag numbers in their shortest form.

/// What is left to read of some content. Nothing is copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a>(&'a [u8]);

/// Class and construction (the first byte's upper three bits), and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag(u8, u32);

pub(crate) const BOOLEAN: Tag = Tag(0, 1);
pub(crate) const INTEGER: Tag = Tag(0, 2);
pub(crate) const OCTET_STRING: Tag = Tag(0, 4);
pub(crate) const NULL: Tag = Tag(0, 5);
pub(crate) const ENUMERATED: Tag = Tag(0, 10);
pub(crate) const SEQUENCE: Tag = Tag(CONSTRUCTED, 16);
pub(crate) const SET: Tag = Tag(CONSTRUCTED, 17);

/// `[number] EXPLICIT`.
pub(crate) const fn explicit(number: u32) -> Tag {
    Tag(CONTEXT | CONSTRUCTED, number)
}

impl Tag {
    /// The number of an `EXPLICIT` one.
    pub(crate) fn number(self) -> Option<u32> {
        (self.0 == CONTEXT | CONSTRUCTED).then_some(self.1)
    }
}

impl<'a> Der<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next element, whatever it is.
    pub(crate) fn next(&mut self) -> Option<(Tag, &'a [u8])> {
        let (&first, mut rest) = self.0.split_first()?;
        let mut number = u32::from(first & 0x1f);
        if number == 0x1f {
            number = 0;
            loop {
                let (&byte, after) = rest.split_first()?;
                rest = after;
                number = number.checked_mul(0x80)? | u32::from(byte & 0x7f);
                // Neither a zero in front, nor a number that fits the first byte.
                if number == 0 {
                    return None;
                }
                if byte & 0x80 == 0 {
                    break;
                }
            }
            if number < 0x1f {
                return None;
            }
        }
        let (&length, mut rest) = rest.split_first()?;
        let length = match length {
            0..=0x7f => usize::from(length),
            0x81 => {
                let (&[length], after) = rest.split_first_chunk::<1>()?;
                rest = after;
                Some(usize::from(length)).filter(|length| *length >= 0x80)?
            }
            0x82 => {
                let (length, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                Some(usize::from(u16::from_be_bytes(*length))).filter(|length| *length >= 0x100)?
            }
            // Certificates are shorter.
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((Tag(first & 0xe0, number), content))
    }

    /// The content of the next element, which has this tag.
    pub(crate) fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (found, content) = ahead.next()?;
        if found != tag {
            return None;
        }
        *self = ahead;
        Some(content)
    }
}

/// The content of the only element.
pub(crate) fn only(bytes: &[u8], tag: Tag) -> Option<&[u8]> {
    let mut der = Der::of(bytes);
    der.take(tag).filter(|_| der.is_empty())
}

/// The bytes of an INTEGER that is above zero, without its sign.
pub(crate) fn positive(content: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = content.split_first()?;
    match (first, rest.first()) {
        (0, Some(0x80..=0xff)) => Some(rest),
        (0x01..=0x7f, _) => Some(content),
        _ => None,
    }
}

/// An INTEGER or ENUMERATED that is not below zero and fits.
pub(crate) fn whole(content: &[u8]) -> Option<u64> {
    let bytes = if content == [0] { content } else { positive(content)? };
    if bytes.len() > 8 {
        return None;
    }
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [0x00] => Some(false),
        [0xff] => Some(true),
        _ => None,
    }
}

const CONTEXT: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_a_tag_and_a_length() {
        assert_eq!(Der::of(&[0xbf, 0x85, 0x3d, 0]).next(), Some((explicit(701), &[][..])));
        assert_eq!(Der::of(&[0x04, 1, 7]).take(OCTET_STRING), Some(&[7][..]));
        let refused: [&[u8]; 10] = [
            &[],
            &[0x04],
            &[0x04, 2, 7],
            // A number that begins with a zero, or fits the first byte; that ends nowhere, or is too big.
            &[0xbf, 0x80, 0x1f, 0],
            &[0xbf, 0x1e, 0],
            &[0xbf, 0xff],
            &[0xbf, 0xff, 0xff, 0xff, 0xff, 0x7f, 0],
            // A length without an end, one that is longer than it need be.
            &[0x30, 0x80, 0, 0],
            &[0x04, 0x81, 1, 7],
            &[0x04, 0x82, 0, 1, 7],
        ];
        for bytes in refused {
            assert!(Der::of(bytes).next().is_none(), "{bytes:x?}");
        }
    }

    #[test]
    fn there_is_one_way_to_write_a_number() {
        assert_eq!(whole(&[0]), Some(0));
        assert_eq!(whole(&[0, 0x80]), Some(128));
        assert_eq!(whole(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
        for refused in [&[][..], &[0, 1], &[0x80], &[1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(whole(refused), None, "{refused:x?}");
        }
        assert_eq!(
            [boolean(&[0]), boolean(&[0xff]), boolean(&[1]), boolean(&[])],
            [Some(false), Some(true), None, None]
        );
    }
}
