use thiserror::Error;
use tss_esapi::{
    Context,
    interface_types::algorithm::HashingAlgorithm,
    structures::{PcrSelectionList, PcrSlot},
};

use super::TpmError;

/// Platform configuration registers of the SHA-256 bank: what firmware and boot loader measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pcrs(Vec<u8>);

/// There is none of that number, or none was named: name some of 0 to 23, each once, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("these are no PCRs: name some of 0 to 23, each once, in ascending order")]
pub(crate) struct NotPcrs;

impl TryFrom<&[u8]> for Pcrs {
    type Error = NotPcrs;

    fn try_from(numbers: &[u8]) -> Result<Self, NotPcrs> {
        let ascending = numbers.is_sorted_by(|first, second| first < second);
        if numbers.is_empty() || !ascending || numbers.iter().any(|number| *number > LAST) {
            return Err(NotPcrs);
        }
        Ok(Self(numbers.to_vec()))
    }
}

impl Pcrs {
    /// As tpm2-tss takes them.
    pub(super) fn selection(&self) -> Result<PcrSelectionList, TpmError> {
        let slots: Result<Vec<PcrSlot>, _> =
            self.0.iter().map(|number| PcrSlot::try_from(1 << u32::from(*number))).collect();
        Ok(PcrSelectionList::builder().with_selection(HashingAlgorithm::Sha256, &slots?).build()?)
    }

    /// What they hold now, one after the other: a TPM answers eight at most.
    pub(super) fn read(&self, context: &mut Context) -> Result<Vec<(u8, [u8; 32])>, TpmError> {
        let value = |number: &u8| {
            let selection = Self(vec![*number]).selection()?;
            let (_, _, values) = context.execute_without_session(|context| context.pcr_read(selection))?;
            let [value] = values.value() else {
                return Err(TpmError::Nonsense("no SHA-256 bank"));
            };
            let value = value.value().try_into().map_err(|_| TpmError::Nonsense("a PCR of another length"))?;
            Ok((*number, value))
        };
        self.0.iter().map(value).collect()
    }
}

const LAST: u8 = 23;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_each_once_in_order() {
        assert!(Pcrs::try_from([0, 7, 23].as_slice()).is_ok());
        for numbers in [&[][..], &[24], &[0, 0], &[7, 0], &[255]] {
            assert_eq!(Pcrs::try_from(numbers), Err(NotPcrs), "{numbers:?}");
        }
    }
}
