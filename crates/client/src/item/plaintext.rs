use keyfold_crypto::{Hash, exact};
use keyfold_wire::{MemberId, v1};
use prost::Message;
use zeroize::Zeroizing;

use super::{Field, FieldTag, Fields, Passkey, Stamp, passkey::wipe};

/// Why the plaintext of an envelope is not an item. Its author wrote it so: the item is quarantined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Not the canonical form of an item.
    #[error("not an item")]
    Malformed,
    /// A version that this program does not know.
    #[error("an item of version {0}; update keyfold on this device")]
    Version(u32),
    /// The item says another time than its envelope.
    #[error("its time is not its commit's")]
    Time,
    /// The link to the previous revision is not a hash.
    #[error("a broken link to the previous revision")]
    Previous,
    /// This part of the passkey is missing or out of range.
    #[error("a bad {0}")]
    Passkey(&'static str),
    /// A field that is unknown, out of range, out of order or there twice.
    #[error("a bad field")]
    Field,
}

/// A passkey and what people say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Never changes.
    pub passkey: Passkey,
    /// Merged field by field.
    pub fields: Fields,
}

/// An item as one commit holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// What it says.
    pub item: Item,
    /// Hash of the previous revision's envelope; `None` for revision 1.
    pub previous: Option<Hash>,
}

impl Item {
    /// The plaintext of a revision of this item, committed at `at`.
    #[must_use]
    pub fn encode(&self, at: u64, previous: Option<Hash>) -> Zeroizing<Vec<u8>> {
        encode(Some(&self.passkey), &self.fields, at, previous)
    }
}

impl Revision {
    /// Reads the plaintext of an envelope whose commit was made at `at` by `author`, where that is known.
    ///
    /// # Errors
    /// [`ItemError`]: a content failure.
    pub fn decode(plaintext: &[u8], at: u64, author: Option<MemberId>) -> Result<Self, ItemError> {
        let (passkey, fields, message) = decode(plaintext)?;
        if message.at != at {
            return Err(ItemError::Time);
        }
        let previous = match message.previous.as_slice() {
            [] => None,
            hash => Some(Hash::try_from(hash).map_err(|_| ItemError::Previous)?),
        };
        let passkey = passkey.ok_or(ItemError::Passkey("passkey"))?;
        Ok(Self { item: Item { passkey, fields: fields.read_at(at, author) }, previous })
    }
}

/// The plaintext of an edit that was not sent yet: a new passkey, or fields of one that is there.
pub(crate) fn encode_edit(passkey: Option<&Passkey>, fields: &Fields) -> Zeroizing<Vec<u8>> {
    encode(passkey, fields, 0, None)
}

/// Reads what [`encode_edit`] wrote.
pub(crate) fn decode_edit(plaintext: &[u8]) -> Result<(Option<Passkey>, Fields), ItemError> {
    decode(plaintext).map(|(passkey, fields, _)| (passkey, fields))
}

fn encode(passkey: Option<&Passkey>, fields: &Fields, at: u64, previous: Option<Hash>) -> Zeroizing<Vec<u8>> {
    let mut message = v1::Item {
        version: VERSION,
        at,
        previous: previous.map(Hash::to_vec).unwrap_or_default(),
        passkey: passkey.map(Passkey::to_wire),
        fields: fields
            .iter()
            .map(|(tag, field)| v1::Field {
                tag: tag.to_wire().into(),
                stamp: Some(field.stamp.to_wire()),
                value: field.value.clone(),
            })
            .collect(),
    };
    let bytes = Zeroizing::new(message.encode_to_vec());
    if let Some(passkey) = &mut message.passkey {
        wipe(passkey);
    }
    bytes
}

fn decode(plaintext: &[u8]) -> Result<(Option<Passkey>, Fields, v1::Item), ItemError> {
    let mut message: v1::Item = exact::decode(plaintext, MAX_LEN).map_err(|_| ItemError::Malformed)?;
    let passkey = message.passkey.take().map(Passkey::from_wire).transpose()?;
    if message.version != VERSION {
        return Err(ItemError::Version(message.version));
    }
    let mut fields = Fields::default();
    let mut last = None;
    for field in std::mem::take(&mut message.fields) {
        let tag = FieldTag::from_wire(field.tag).ok_or(ItemError::Field)?;
        let stamp = field.stamp.as_ref().and_then(|stamp| Stamp::from_wire(stamp).ok()).ok_or(ItemError::Field)?;
        if last >= Some(tag) || !tag.admits(&field.value) {
            return Err(ItemError::Field);
        }
        last = Some(tag);
        fields.absorb(tag, Field { stamp, value: field.value });
    }
    Ok((passkey, fields, message))
}

const VERSION: u32 = 1;

/// The most bytes of content that an envelope can hold.
const MAX_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Algorithm;

    const ANA: MemberId = MemberId::new([1; 16]);

    fn item() -> Item {
        let mut fields = Fields::default();
        fields.set(FieldTag::UserName, b"ana".to_vec(), 900, ANA);
        fields.set(FieldTag::Deleted, vec![0], 950, ANA);
        Item {
            passkey: Passkey {
                rp_id: "example.org".into(),
                credential_id: vec![9; 32],
                user_handle: vec![8; 16],
                algorithm: Algorithm::Es256,
                private_key: Zeroizing::new([7; 32]),
                cred_random_with_uv: Zeroizing::new([6; 32]),
                cred_random_without_uv: Zeroizing::new([5; 32]),
                created_at: 900,
                created_by: ANA,
                backup_eligible: true,
            },
            fields,
        }
    }

    fn tampered(change: impl FnOnce(&mut v1::Item)) -> Result<Revision, ItemError> {
        let mut message = v1::Item::decode(item().encode(1_000, None).as_slice()).unwrap();
        change(&mut message);
        Revision::decode(&message.encode_to_vec(), 1_000, Some(ANA))
    }

    #[test]
    fn an_item_reads_back_as_it_was_written() {
        let previous = Some(Hash::new([3; 32]));
        let revision = Revision::decode(&item().encode(1_000, previous), 1_000, Some(ANA)).unwrap();
        assert_eq!(revision, Revision { item: item(), previous });
    }

    #[test]
    fn an_item_under_another_commits_time_is_refused() {
        assert_eq!(Revision::decode(&item().encode(1_000, None), 1_001, Some(ANA)), Err(ItemError::Time));
    }

    #[test]
    fn whatever_this_version_does_not_know_is_refused() {
        assert_eq!(tampered(|item| item.version = 2), Err(ItemError::Version(2)));
        assert_eq!(tampered(|item| item.passkey = None), Err(ItemError::Passkey("passkey")));
        assert_eq!(tampered(|item| item.previous = vec![1; 31]), Err(ItemError::Previous));
        let algorithm = |item: &mut v1::Item| item.passkey.as_mut().unwrap().algorithm = -257;
        assert_eq!(tampered(algorithm), Err(ItemError::Passkey("algorithm")));
        assert_eq!(tampered(|item| item.fields[0].tag = 7), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields[0].value = vec![0xff]), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields[1].value = vec![2]), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields.swap(0, 1)), Err(ItemError::Field));
        let twice = |item: &mut v1::Item| item.fields.push(item.fields[1].clone());
        assert_eq!(tampered(twice), Err(ItemError::Field));
    }

    #[test]
    fn what_holds_secrets_prints_none_of_them() {
        assert_eq!(format!("{:?}", item().passkey), "Passkey(..)");
    }
}
