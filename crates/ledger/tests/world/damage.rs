use proptest::prelude::*;

/// Every message that differs from this one in a single bit.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit, flipped)
    })
}

/// These bytes with some overwritten, cut out, or put in twice.
pub(crate) fn mutated(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let place = any::<prop::sample::Index>();
    let mutation = (place.clone(), place, any::<u8>(), 0..4_u8);
    prop::collection::vec(mutation, 1..6).prop_map(move |mutations| {
        let mut bytes = bytes.clone();
        for (from, to, byte, kind) in mutations {
            let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match kind {
                0 => bytes[from..to].iter_mut().take(1).for_each(|old| *old = byte),
                1 => bytes.insert(from, byte),
                2 => drop(bytes.drain(from..to.min(from + 40))),
                _ => bytes.splice(to..to, bytes[from..to.min(from + 40)].to_vec()).for_each(drop),
            }
        }
        bytes
    })
}
