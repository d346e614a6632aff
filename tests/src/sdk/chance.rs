use std::env;

/// Random choices that a seed repeats (SplitMix64).
pub struct Chance(u64);

impl Chance {
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The seeds of a story's rounds, or the one in `KEYFOLD_SEED`: the round of a failure, again.
    pub fn seeds(rounds: u64) -> Vec<u64> {
        match env::var("KEYFOLD_SEED") {
            Ok(seed) => vec![seed.parse().unwrap()],
            Err(_) => (0..rounds).collect(),
        }
    }

    /// Less than `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
