use std::collections::BTreeMap;

use credential_exchange_format::B64Url;
use keyfold_wire::AccountId;
use serde_json::value::{RawValue, to_raw_value};
use zeroize::Zeroizing;

use super::{
    ExchangeError,
    extension::{About, Extension},
    passkey::write_passkey,
    read::{Text, id},
};
use crate::{
    item::{ExchangeId, FieldTag, Fields, Foreign, Imported, Passkey, json, json::Object},
    vault::VaultItem,
};

/// A file in the making: the items of each account, put together again from what became of them.
#[derive(Default)]
pub(super) struct Document<'a> {
    accounts: BTreeMap<Vec<u8>, AccountOut<'a>>,
}

#[derive(Default)]
struct AccountOut<'a> {
    document: Option<&'a str>,
    items: BTreeMap<Vec<u8>, ItemOut<'a>>,
}

#[derive(Default)]
struct ItemOut<'a> {
    document: Option<&'a str>,
    /// What was said of the item beside a document that the user deleted.
    shell: Option<&'a str>,
    passkeys: Vec<PasskeyOut<'a>>,
}

struct PasskeyOut<'a> {
    passkey: &'a Passkey,
    fields: &'a Fields,
    credential: Object,
}

/// Who writes the file, and when.
pub(super) struct Writer {
    /// The host of the server: CXF wants a relying party id.
    pub(super) rp_id: String,
    /// Unix milliseconds.
    pub(super) at: u64,
}

impl<'a> Document<'a> {
    /// Adds a passkey.
    ///
    /// # Errors
    /// It cannot be written: its author made it so.
    pub(super) fn passkey(
        &mut self,
        account: AccountId,
        item: &'a VaultItem,
        passkey: &'a Passkey,
    ) -> Result<(), ExchangeError> {
        let credential = write_passkey(passkey, &item.item.fields)?;
        let (account, id) = match passkey.imported.as_ref().map(|imported| &imported.from) {
            Some(ExchangeId { account, item: Some(item) }) => (account.clone(), item.clone()),
            _ => (account.to_vec(), item.id.to_vec()),
        };
        let out = self.accounts.entry(account).or_default().items.entry(id).or_default();
        out.passkeys.push(PasskeyOut { passkey, fields: &item.item.fields, credential });
        Ok(())
    }

    /// Adds what another program said. A second thing of the same item or account gets an id of its own: nothing is lost.
    pub(super) fn foreign(&mut self, item: &VaultItem, foreign: &'a Foreign) {
        let account = self.accounts.entry(foreign.from.account.clone()).or_default();
        let Some(id) = &foreign.from.item else {
            let first = account.document;
            let place = if first.is_none_or(|first| first == foreign.document.as_str()) {
                &mut account.document
            } else {
                &mut self.accounts.entry(item.id.to_vec()).or_default().document
            };
            *place = Some(&foreign.document);
            return;
        };
        let document = foreign.document.as_str();
        let first = account.items.get(id).and_then(|out| out.document);
        if first == Some(document) {
            return;
        }
        let id = if first.is_none() { id.clone() } else { item.id.to_vec() };
        account.items.entry(id).or_default().document = Some(document);
    }

    /// Adds what was said of an item of which something is left, though its document was deleted.
    pub(super) fn deleted_foreign(&mut self, foreign: &'a Foreign) {
        let ExchangeId { account, item: Some(item) } = &foreign.from else { return };
        let out = self.accounts.get_mut(account).and_then(|account| account.items.get_mut(item));
        if let Some(out) = out {
            out.shell = Some(&foreign.document);
        }
    }

    /// The whole of it: a CXF 1.0 header with its accounts.
    pub(super) fn write(self, writer: &Writer) -> Result<Zeroizing<String>, ExchangeError> {
        let accounts: Vec<Object> =
            self.accounts.into_iter().map(|(id, account)| account.write(&id)).collect::<Result<_, _>>()?;
        let mut header = Object::default();
        header.set("version", to_raw_value(&Version { major: 1, minor: 0 })?);
        header.set("exporterRpId", to_raw_value(&writer.rp_id)?);
        header.set("exporterDisplayName", to_raw_value("Keyfold")?);
        header.set("timestamp", to_raw_value(&(writer.at / 1_000))?);
        header.set("accounts", list(&accounts)?);
        Ok(header.text())
    }
}

impl AccountOut<'_> {
    fn write(self, id: &[u8]) -> Result<Object, ExchangeError> {
        let mut account = self.document.map(Object::parse).transpose()?.unwrap_or_default();
        named(&mut account, id)?;
        for (name, empty) in [("username", "\"\""), ("email", "\"\""), ("collections", "[]")] {
            if account.get(name).is_none() {
                account.set(name, RawValue::from_string(empty.to_owned())?);
            }
        }
        let items: Vec<Object> = self.items.into_iter().map(|(id, item)| item.write(&id)).collect::<Result<_, _>>()?;
        account.set("items", list(&items)?);
        Ok(account)
    }
}

impl ItemOut<'_> {
    fn write(mut self, id: &[u8]) -> Result<Object, ExchangeError> {
        let imported = |out: &PasskeyOut<'_>| out.passkey.imported.as_ref().map_or(0, |imported| imported.position);
        self.passkeys.sort_by_key(imported);
        let mut item = self.shell()?;
        named(&mut item, id)?;
        let kept: Vec<Object> = match self.document {
            Some(_) => item.read("credentials").unwrap_or_default(),
            None => Vec::new(),
        };
        if let ([only], true) = (self.passkeys.as_slice(), kept.is_empty()) {
            let label = only.fields.text(FieldTag::Label);
            if !label.is_empty() {
                item.set("title", to_raw_value(label)?);
            }
        }
        if !self.passkeys.is_empty() {
            Extension::of(self.passkeys.iter().map(About::from).collect()).add_to(&mut item)?;
        }
        item.set("credentials", list(&in_order(kept, self.passkeys))?);
        Ok(item)
    }

    /// The item as it was, without its passkeys; one of Keyfold's own if there is none.
    fn shell(&self) -> Result<Object, ExchangeError> {
        let imported = self.passkeys.iter().filter_map(|out| out.passkey.imported.as_ref());
        let shell = imported.map(|imported| imported.shell.as_str()).find(|shell| !shell.is_empty());
        if let Some(document) = self.document.or(shell).or(self.shell) {
            return Ok(Object::parse(document)?);
        }
        let mut item = Object::default();
        if let Some(PasskeyOut { passkey, fields, .. }) = self.passkeys.first() {
            let name = fields.text(FieldTag::RpName);
            item.set("creationAt", to_raw_value(&(passkey.created_at / 1_000))?);
            item.set("title", to_raw_value(if name.is_empty() { passkey.rp_id.as_str() } else { name })?);
        }
        Ok(item)
    }
}

/// The credentials of an item as they stood, whichever of them are still there.
fn in_order(kept: Vec<Object>, passkeys: Vec<PasskeyOut<'_>>) -> Vec<Object> {
    let before = |imported: Option<&Imported>| imported.map_or(0, |imported| imported.foreign_before);
    let (mut credentials, mut passkeys) = (Vec::new(), passkeys.into_iter().peekable());
    for (place, kept) in (0..).zip(kept) {
        while let Some(next) = passkeys.next_if(|next| before(next.passkey.imported.as_ref()) <= place) {
            credentials.push(next.credential);
        }
        credentials.push(kept);
    }
    credentials.extend(passkeys.map(|out| out.credential));
    credentials
}

/// Its id is the one that it is known by, whatever its text says.
fn named(object: &mut Object, known: &[u8]) -> Result<(), ExchangeError> {
    if id(object).as_deref() != Some(known) {
        object.set("id", to_raw_value(&B64Url::from(known))?);
    }
    Ok(())
}

impl From<&PasskeyOut<'_>> for About {
    fn from(out: &PasskeyOut<'_>) -> Self {
        Self {
            credential_id: B64Url::from(out.passkey.credential_id.as_slice()).to_string(),
            rp_name: out.fields.text(FieldTag::RpName).to_owned(),
            label: out.fields.text(FieldTag::Label).to_owned(),
            created_at: Some(out.passkey.created_at),
            last_used_at: out.fields.last_used(),
        }
    }
}

#[derive(serde::Serialize)]
struct Version {
    major: u8,
    minor: u8,
}

fn list(objects: &[Object]) -> Result<Box<RawValue>, ExchangeError> {
    let texts: Vec<Text> = objects.iter().map(|object| Text(object.text())).collect();
    Ok(json::array(&texts)?)
}
