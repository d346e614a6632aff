use std::sync::{Mutex, MutexGuard, PoisonError};

use keyfold_crypto::{EpochKey, Hash, Unopenable, WrappingKey, epoch::SealContext};

/// The epoch keys that this process has opened with a device's secrets, and what from: the same is not opened twice. They go
/// when the secrets go.
#[derive(Default)]
pub(super) struct OpenedKeys(Mutex<Vec<Opened>>);

struct Opened {
    context: SealContext,
    commitment: Hash,
    sealed: Vec<u8>,
    key: EpochKey,
}

impl OpenedKeys {
    /// As [`EpochKey::open`], which it leaves to find out what does not open.
    pub(super) fn open(
        &self,
        wrapping: &WrappingKey,
        context: &SealContext,
        commitment: &Hash,
        sealed: &[u8],
    ) -> Result<EpochKey, Unopenable> {
        let is_it = |opened: &&Opened| {
            (opened.context, opened.commitment, opened.sealed.as_slice()) == (*context, *commitment, sealed)
        };
        if let Some(opened) = self.lock().iter().find(is_it) {
            return Ok(opened.key.clone());
        }
        let key = EpochKey::open(wrapping, context, commitment, sealed)?;
        let mut opened = self.lock();
        if opened.len() < MOST {
            opened.push(Opened {
                context: *context,
                commitment: *commitment,
                sealed: sealed.to_vec(),
                key: key.clone(),
            });
        }
        Ok(key)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Opened>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One for each epoch that began since the device joined. All are asked for each time, in the same order: what comes after so many
/// is opened each time, and takes no other's place. 80 KiB.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use keyfold_crypto::random;
    use keyfold_wire::{AccountId, MemberId};

    use super::*;

    #[test]
    fn what_was_opened_is_opened_for_nothing_else() {
        let rng = &mut random::system();
        let (wrapping, key) = (WrappingKey::generate(rng), EpochKey::generate(rng));
        let context = SealContext {
            account: AccountId::new([1; 16]),
            epoch: 3,
            member: MemberId::new([2; 16]),
            prev: Hash::new([3; 32]),
        };
        let commitment = key.commitment(&context.account, context.epoch);
        let sealed = key.seal(&wrapping.public_key(), &context, rng);
        let opened = OpenedKeys::default();
        assert_eq!(opened.open(&wrapping, &context, &commitment, &sealed).unwrap(), key);
        // From memory: the secret that opened it is not needed.
        let another = WrappingKey::generate(rng);
        assert_eq!(opened.open(&another, &context, &commitment, &sealed).unwrap(), key);

        let elsewhere = SealContext { epoch: 4, ..context };
        assert!(opened.open(&wrapping, &elsewhere, &commitment, &sealed).is_err());
        assert!(opened.open(&wrapping, &context, &Hash::new([4; 32]), &sealed).is_err());
        for place in [0, sealed.len() / 2, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(opened.open(&wrapping, &context, &commitment, &changed).is_err(), "byte {place}");
        }

        let mut last = Vec::new();
        for _ in 0..MOST {
            last = key.seal(&wrapping.public_key(), &context, rng);
            opened.open(&wrapping, &context, &commitment, &last).unwrap();
        }
        assert_eq!(opened.lock().len(), MOST);
        assert!(opened.open(&another, &context, &commitment, &sealed).is_ok(), "the first stay");
        assert!(opened.open(&another, &context, &commitment, &last).is_err(), "there was no place for it");
    }
}
