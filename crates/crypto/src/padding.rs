use zeroize::Zeroizing;

use crate::{Unopenable, envelope::SealError};

const SMALLEST: usize = 256;
const LARGEST: usize = 64 * 1024;
const LENGTH: usize = 4;

/// The most bytes of content that fit the largest bucket.
pub(crate) const MAX_CONTENT: usize = LARGEST - LENGTH;

/// `u32 big-endian length ‖ content ‖ zeros`, up to the next bucket: 256 B, 512 B, 1 KiB … 64 KiB.
pub(crate) fn pad(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let length = u32::try_from(content.len()).map_err(|_| SealError::TooLarge)?;
    if content.len() > MAX_CONTENT {
        return Err(SealError::TooLarge);
    }
    let bucket = (content.len() + LENGTH).next_power_of_two().max(SMALLEST);
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket));
    padded.extend_from_slice(&length.to_be_bytes());
    padded.extend_from_slice(content);
    padded.resize(bucket, 0);
    Ok(padded)
}

/// The content of a padded plaintext, in its place; the bucket must be the smallest that fits and the rest must be zero.
pub(crate) fn unpad(mut padded: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let (length, rest) = padded.split_first_chunk::<LENGTH>().ok_or(Unopenable)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Unopenable)?;
    let (_, zeros) = rest.split_at_checked(length).ok_or(Unopenable)?;
    let bucket = (length + LENGTH).next_power_of_two().max(SMALLEST);
    if padded.len() != bucket || bucket > LARGEST || zeros.iter().any(|byte| *byte != 0) {
        return Err(Unopenable);
    }
    padded.copy_within(LENGTH..LENGTH + length, 0);
    // What lies behind the content is wiped with it.
    padded.truncate(length);
    Ok(padded)
}

/// Whether a padded plaintext can have this length.
pub(crate) fn is_bucket(length: usize) -> bool {
    length.is_power_of_two() && (SMALLEST..=LARGEST).contains(&length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_grows_by_buckets_only() {
        for (content, bucket) in [(0, 256), (252, 256), (253, 512), (1020, 1024), (65_532, 65_536)] {
            let padded = pad(&vec![7; content]).unwrap();
            assert_eq!(padded.len(), bucket);
            assert_eq!(unpad(padded).unwrap().len(), content);
        }
        assert_eq!(pad(&vec![7; 65_533]), Err(SealError::TooLarge));
    }

    #[test]
    fn a_second_padding_of_the_same_content_is_refused() {
        let mut padded = pad(b"item").unwrap();
        padded.resize(512, 0);
        assert_eq!(unpad(padded), Err(Unopenable), "a larger bucket");
        let mut padded = pad(b"item").unwrap();
        *padded.last_mut().unwrap() = 1;
        assert_eq!(unpad(padded), Err(Unopenable), "not zero");
        assert_eq!(unpad(Zeroizing::new(vec![0xff; 256])), Err(Unopenable), "a length beyond the bucket");
    }
}
