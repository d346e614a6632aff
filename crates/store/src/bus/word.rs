use keyfold_vault::{
    Topic,
    storage::{AccountId, EnrolmentId},
};

/// What travels over Redis: who says it (8 bytes), a letter for what is said, and the id of what moved (16 bytes), if
/// one thing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) speaker: [u8; 8],
    pub(super) said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// This moved.
    Moved(Topic),
    /// Words were lost: anything may have moved.
    Anything,
    /// Nothing; who hears it hears.
    Here,
}

impl Word {
    pub(super) fn encode(self) -> Vec<u8> {
        let (kind, id) = match &self.said {
            Said::Moved(Topic::Account(account)) => (ACCOUNT, account.as_bytes().as_slice()),
            Said::Moved(Topic::Enrolment(enrolment)) => (ENROLMENT, enrolment.as_bytes().as_slice()),
            Said::Anything => (ANYTHING, [].as_slice()),
            Said::Here => (HERE, [].as_slice()),
        };
        [self.speaker.as_slice(), &[kind], id].concat()
    }

    /// `None` if a stranger writes on the channel: what is not understood is not heard.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (speaker, rest) = bytes.split_first_chunk()?;
        let said = match rest.split_first()? {
            (&ACCOUNT, id) => Said::Moved(Topic::Account(AccountId::try_from(id).ok()?)),
            (&ENROLMENT, id) => Said::Moved(Topic::Enrolment(EnrolmentId::try_from(id).ok()?)),
            (&ANYTHING, []) => Said::Anything,
            (&HERE, []) => Said::Here,
            _ => return None,
        };
        Some(Self { speaker: *speaker, said })
    }
}

const ACCOUNT: u8 = b'a';
const ENROLMENT: u8 = b'e';
const ANYTHING: u8 = b'x';
const HERE: u8 = b'h';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_and_nothing_else_is_one() {
        let account = Topic::Account(AccountId::new([7; 16]));
        let enrolment = Topic::Enrolment(EnrolmentId::new([9; 16]));
        for said in [Said::Moved(account), Said::Moved(enrolment), Said::Anything, Said::Here] {
            let word = Word { speaker: [3; 8], said };
            let bytes = word.encode();
            assert_eq!(Word::decode(&bytes), Some(word));
            for cut in 0..bytes.len() {
                assert_eq!(Word::decode(&bytes[..cut]), None);
            }
            assert_eq!(Word::decode(&[bytes.as_slice(), b"y"].concat()), None);
        }
        assert_eq!(Word::decode(&[0; 25]), None);
    }
}
