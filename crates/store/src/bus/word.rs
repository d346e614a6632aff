use keyfold_vault::{
    Topic,
    storage::{AccountId, EnrolmentId},
};

/// What travels over Redis: who says it, and what moved. 8 bytes, a letter, 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) speaker: [u8; 8],
    pub(super) topic: Topic,
}

impl Word {
    pub(super) fn encode(self) -> Vec<u8> {
        let (kind, id) = match &self.topic {
            Topic::Account(account) => (ACCOUNT, account.as_bytes()),
            Topic::Enrolment(enrolment) => (ENROLMENT, enrolment.as_bytes()),
        };
        [self.speaker.as_slice(), &[kind], id.as_slice()].concat()
    }

    /// `None` if a stranger writes on the channel: what is not understood is not heard.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (speaker, rest) = bytes.split_first_chunk()?;
        let (kind, id) = rest.split_first()?;
        let topic = match *kind {
            ACCOUNT => Topic::Account(AccountId::try_from(id).ok()?),
            ENROLMENT => Topic::Enrolment(EnrolmentId::try_from(id).ok()?),
            _ => return None,
        };
        Some(Self { speaker: *speaker, topic })
    }
}

const ACCOUNT: u8 = b'a';
const ENROLMENT: u8 = b'e';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_and_nothing_else_is_one() {
        for topic in [Topic::Account(AccountId::new([7; 16])), Topic::Enrolment(EnrolmentId::new([9; 16]))] {
            let word = Word { speaker: [3; 8], topic };
            let bytes = word.encode();
            assert_eq!(Word::decode(&bytes), Some(word));
            for cut in 0..bytes.len() {
                assert_eq!(Word::decode(&bytes[..cut]), None);
            }
            assert_eq!(Word::decode(&[bytes.as_slice(), b"x"].concat()), None);
        }
        assert_eq!(Word::decode(&[0; 25]), None);
    }
}
