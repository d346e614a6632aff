/// How often a field stands in an encoded message, counted before anything is made of it: a byte or two on the wire
/// would become a vector in memory. `None` if these are not a message's bytes.
pub(super) fn occurrences(mut bytes: &[u8], field: u64) -> Option<usize> {
    let mut count = 0_usize;
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let length = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        bytes = bytes.get(length..)?;
        count = count.saturating_add(usize::from(key >> 3 == field));
    }
    Some(count)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use keyfold_wire::v1::{Push, Receipt, Signed};
    use prost::Message;

    use super::*;

    #[test]
    fn fields_are_counted_without_being_read() {
        let commit = Some(Signed { body: vec![0x12; 300], signature: vec![1; 64] });
        let push = Push { commit, envelopes: vec![vec![], vec![9; 1_000], vec![7]] }.encode_to_vec();
        assert_eq!([1, 2, 3].map(|field| occurrences(&push, field)), [Some(1), Some(3), Some(0)]);
        let receipt = Receipt { suite: 1, seq: u64::MAX, ..Receipt::default() }.encode_to_vec();
        assert_eq!(occurrences(&receipt, 4), Some(1));
        assert_eq!(occurrences(&[0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4], 2), Some(2));
        assert_eq!(occurrences(&[], 2), Some(0));
    }

    #[test]
    fn bytes_that_are_no_message_have_no_fields() {
        for bytes in [&[0x12][..], &[0x12, 5, 1], &[0x80], &[0x13], &[0x11, 1], &[0xff; 11]] {
            assert_eq!(occurrences(bytes, 2), None, "{bytes:?}");
        }
    }
}
