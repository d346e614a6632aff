use keyfold_crypto::{Hash, exact};
use keyfold_wire::{MemberId, v1};
use prost::Message;
use zeroize::Zeroizing;

use super::{Content, Field, FieldTag, Fields, Passkey, Stamp};

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
    /// None or several of a passkey, a foreign item and an export record.
    #[error("not one thing")]
    Content,
    /// This part of the passkey is missing or out of range.
    #[error("a bad {0}")]
    Passkey(&'static str),
    /// What was kept of an import is not of its form.
    #[error("a bad remnant of an import")]
    Exchange,
    /// The record of an export is not of its form.
    #[error("a bad record of an export")]
    Export,
    /// A field that is unknown, out of range, out of order or there twice, or that is not for what the item is.
    #[error("a bad field")]
    Field,
}

/// A passkey, or what else there is, and what people say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Never changes.
    pub content: Content,
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
        encode(Some(&self.content), &self.fields, at, previous)
    }

    /// The passkey, if it is one.
    #[must_use]
    pub fn passkey(&self) -> Option<&Passkey> {
        match &self.content {
            Content::Passkey(passkey) => Some(passkey),
            Content::Foreign(_) | Content::Export(_) => None,
        }
    }
}

impl Revision {
    /// Reads the plaintext of an envelope whose commit was made at `at` by `author`, where that is known.
    ///
    /// # Errors
    /// [`ItemError`]: a content failure.
    pub fn decode(plaintext: &[u8], at: u64, author: Option<MemberId>) -> Result<Self, ItemError> {
        let (content, fields, message) = decode(plaintext)?;
        if message.at != at {
            return Err(ItemError::Time);
        }
        let previous = match message.previous.as_slice() {
            [] => None,
            hash => Some(Hash::try_from(hash).map_err(|_| ItemError::Previous)?),
        };
        let content = content.ok_or(ItemError::Content)?;
        if fields.iter().any(|(tag, _)| !content.takes(tag)) {
            return Err(ItemError::Field);
        }
        Ok(Self { item: Item { content, fields: fields.read_at(at, author) }, previous })
    }
}

/// The plaintext of an edit that was not sent yet: something new, or fields of what is there.
pub(crate) fn encode_edit(content: Option<&Content>, fields: &Fields) -> Zeroizing<Vec<u8>> {
    encode(content, fields, 0, None)
}

/// Reads what [`encode_edit`] wrote.
pub(crate) fn decode_edit(plaintext: &[u8]) -> Result<(Option<Content>, Fields), ItemError> {
    decode(plaintext).map(|(content, fields, _)| (content, fields))
}

fn encode(content: Option<&Content>, fields: &Fields, at: u64, previous: Option<Hash>) -> Zeroizing<Vec<u8>> {
    let mut message = v1::Item {
        version: VERSION,
        at,
        previous: previous.map(Hash::to_vec).unwrap_or_default(),
        passkey: None,
        foreign: None,
        export: None,
        fields: fields
            .iter()
            .map(|(tag, field)| v1::Field {
                tag: tag.to_wire().into(),
                stamp: Some(field.stamp.to_wire()),
                value: field.value.clone(),
            })
            .collect(),
    };
    if let Some(content) = content {
        content.put_into(&mut message);
    }
    Zeroizing::new(message.encode_to_vec())
}

fn decode(plaintext: &[u8]) -> Result<(Option<Content>, Fields, v1::Item), ItemError> {
    let mut message: v1::Item = exact::decode(plaintext, MAX_LEN).map_err(|_| ItemError::Malformed)?;
    let content = Content::take_from(&mut message)?;
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
    Ok((content, fields, message))
}

const VERSION: u32 = 1;

/// The most bytes of content that an envelope can hold.
const MAX_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use keyfold_crypto::random;

    use super::*;
    use crate::item::{
        Algorithm, CredProtect, Discoverability, ExchangeId, ExportRecord, Foreign, Imported, Key, Secrets,
    };

    const ANA: MemberId = MemberId::new([1; 16]);

    fn item() -> Item {
        let mut fields = Fields::default();
        fields.set(FieldTag::UserName, b"ana".to_vec(), 900, ANA);
        fields.set(FieldTag::Deleted, vec![0], 950, ANA);
        Item {
            content: Content::from(Passkey {
                rp_id: "example.org".into(),
                credential_id: vec![9; 32],
                user_handle: vec![8; 16],
                algorithm: Algorithm::Es256,
                key: Key::Synced(Secrets {
                    private_key: Zeroizing::new(vec![7; 32]),
                    cred_random_with_uv: Zeroizing::new([6; 32]),
                    cred_random_without_uv: Zeroizing::new([5; 32]),
                }),
                created_at: 900,
                created_by: ANA,
                cred_blob: Zeroizing::new(vec![4; 32]),
                imported: Some(Imported {
                    from: ExchangeId { account: vec![3; 64], item: Some(Vec::new()) },
                    position: 1,
                    foreign_before: 1,
                    credential: Zeroizing::default(),
                    shell: Zeroizing::new(r#"{"title":"Shop"}"#.to_owned()),
                }),
                cred_protect: CredProtect::default(),
                discoverability: Discoverability::Discoverable,
            }),
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
        assert_eq!(tampered(|item| item.passkey = None), Err(ItemError::Content));
        assert_eq!(tampered(|item| item.previous = vec![1; 31]), Err(ItemError::Previous));
        let algorithm = |item: &mut v1::Item| item.passkey.as_mut().unwrap().algorithm = -257;
        assert_eq!(tampered(algorithm), Err(ItemError::Passkey("algorithm")));
        assert_eq!(tampered(|item| item.fields[0].tag = 9), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields[0].value = vec![0xff]), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields[1].value = vec![2]), Err(ItemError::Field));
        assert_eq!(tampered(|item| item.fields.swap(0, 1)), Err(ItemError::Field));
        let twice = |item: &mut v1::Item| item.fields.push(item.fields[1].clone());
        assert_eq!(tampered(twice), Err(ItemError::Field));
    }

    #[test]
    fn a_key_is_in_the_vault_or_on_its_device_and_never_both() {
        let changed = |change: fn(&mut v1::Passkey)| tampered(|item| change(item.passkey.as_mut().unwrap()));
        fn bind(passkey: &mut v1::Passkey) {
            passkey.backup_eligible = false;
            passkey.bound_by = v1::KeyProtection::Software.into();
            passkey.private_key.clear();
            passkey.cred_random_with_uv.clear();
            passkey.cred_random_without_uv.clear();
        }
        let bound = changed(bind).unwrap();
        let Content::Passkey(passkey) = &bound.item.content else { panic!("no passkey") };
        assert!(!passkey.backup_eligible() && passkey.secrets().is_none());
        let again = Revision::decode(&bound.item.encode(1_000, None), 1_000, Some(ANA));
        assert_eq!(again, Ok(bound));

        let refused = [
            changed(|passkey| passkey.backup_eligible = false),
            changed(|passkey| passkey.bound_by = v1::KeyProtection::Software.into()),
            changed(|passkey| (passkey.backup_eligible, passkey.bound_by) = (false, 1)),
            changed(|passkey| {
                bind(passkey);
                passkey.backup_eligible = true;
            }),
            changed(|passkey| {
                bind(passkey);
                passkey.bound_by = 0;
            }),
            changed(|passkey| {
                bind(passkey);
                passkey.private_key = vec![7; 32];
            }),
            changed(|passkey| {
                bind(passkey);
                passkey.cred_random_with_uv = vec![7; 32];
            }),
            changed(|passkey| {
                bind(passkey);
                passkey.cred_random_without_uv = vec![7; 32];
            }),
        ];
        for (number, refused) in refused.into_iter().enumerate() {
            assert_eq!(refused, Err(ItemError::Passkey("place of its key")), "{number}");
        }
        let unknown = changed(|passkey| passkey.bound_by = 9);
        assert_eq!(unknown, Err(ItemError::Passkey("protection of its key")));
    }

    #[test]
    fn what_holds_secrets_prints_none_of_them() {
        assert_eq!(format!("{:?}", item().content), "Passkey(Passkey(..))");
        let Content::Passkey(passkey) = item().content else { panic!("no passkey") };
        assert_eq!(format!("{:?} {:?}", foreign(), passkey.imported), "Foreign(Foreign(..)) Some(Imported(..))");
    }

    fn foreign() -> Content {
        let from = ExchangeId { account: vec![1], item: None };
        Content::Foreign(Foreign { from, document: Zeroizing::new(r#"{"username":"ana"}"#.to_owned()) })
    }

    fn export() -> Content {
        let key =
            keyfold_crypto::SigningKey::generate(keyfold_crypto::SigningAlgorithm::Ed25519, &mut random::system());
        let account = keyfold_wire::AccountId::new([1; 16]);
        let record =
            ExportRecord { account, device: ANA, at: 900, passkeys: 1, others: 2, file_hash: [3; 32], encrypted: true };
        Content::Export(record.sign(&key))
    }

    #[test]
    fn what_is_no_passkey_reads_back_and_takes_the_fields_that_are_for_it() {
        for content in [foreign(), export()] {
            for (tag, value) in [(FieldTag::Deleted, vec![1]), (FieldTag::Label, b"a".to_vec())] {
                let mut fields = Fields::default();
                let item = Item { content: content.clone(), fields: fields.clone() };
                assert_eq!(Revision::decode(&item.encode(1_000, None), 1_000, None).unwrap().item, item);
                fields.set(tag, value, 900, ANA);
                let item = Item { content: content.clone(), fields };
                let read = Revision::decode(&item.encode(1_000, None), 1_000, None);
                if matches!(content, Content::Foreign(_)) && tag == FieldTag::Deleted {
                    assert_eq!(read.unwrap().item, item);
                } else {
                    assert_eq!(read, Err(ItemError::Field));
                }
            }
        }
    }

    #[test]
    fn an_item_is_one_thing_and_of_its_form() {
        let (mut both, mut more) = (v1::Item::default(), v1::Item::default());
        foreign().put_into(&mut both);
        export().put_into(&mut more);
        assert_eq!(tampered(|item| item.foreign = both.foreign.take()), Err(ItemError::Content));
        assert_eq!(tampered(|item| item.export = more.export.take()), Err(ItemError::Content));
        let imported = |change: fn(&mut v1::Imported)| {
            tampered(|item| change(item.passkey.as_mut().unwrap().imported.as_mut().unwrap()))
        };
        assert_eq!(imported(|imported| imported.from = None), Err(ItemError::Exchange));
        assert_eq!(imported(|imported| imported.from.as_mut().unwrap().item = None), Err(ItemError::Exchange));
        assert_eq!(imported(|imported| imported.from.as_mut().unwrap().account.push(3)), Err(ItemError::Exchange));
        assert_eq!(imported(|imported| imported.shell = "[]".to_owned()), Err(ItemError::Exchange));
        let long = |length: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(length));
        assert_eq!(tampered(|item| set_shell(item, long(16 * 1_024))), Err(ItemError::Exchange));
        assert!(tampered(|item| set_shell(item, long(16 * 1_024 - 8))).is_ok());
        let blob = |length| tampered(|item| item.passkey.as_mut().unwrap().cred_blob = vec![1; length]);
        assert_eq!(blob(1_025), Err(ItemError::Passkey("credBlob")));
    }

    fn set_shell(item: &mut v1::Item, shell: String) {
        item.passkey.as_mut().unwrap().imported.as_mut().unwrap().shell = shell;
    }
}
