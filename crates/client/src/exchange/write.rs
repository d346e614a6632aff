use std::collections::BTreeMap;

use credential_exchange_format::B64Url;
use keyfold_wire::AccountId;
use serde_json::value::{RawValue, to_raw_value};
use zeroize::Zeroizing;

use super::{
    ExchangeError,
    extension::{About, Extension},
    passkey::write_passkey,
};
use crate::{
    item::{ExchangeId, FieldTag, Fields, Foreign, Passkey, json, json::Object},
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
    passkeys: Vec<(&'a Passkey, &'a Fields)>,
}

/// Who writes the file, and when.
pub(super) struct Writer {
    pub(super) account: AccountId,
    /// The host of the server: CXF wants a relying party id.
    pub(super) rp_id: String,
    /// Unix milliseconds.
    pub(super) at: u64,
}

impl<'a> Document<'a> {
    pub(super) fn passkey(&mut self, writer: &Writer, item: &'a VaultItem, passkey: &'a Passkey) {
        let (account, id) = match passkey.imported.as_ref().map(|imported| &imported.from) {
            Some(ExchangeId { account, item: Some(item) }) => (account.clone(), item.clone()),
            _ => (writer.account.to_vec(), item.id.to_vec()),
        };
        let out = self.accounts.entry(account).or_default().items.entry(id).or_default();
        out.passkeys.push((passkey, &item.item.fields));
    }

    pub(super) fn foreign(&mut self, foreign: &'a Foreign) {
        let account = self.accounts.entry(foreign.from.account.clone()).or_default();
        match &foreign.from.item {
            Some(item) => account.items.entry(item.clone()).or_default().document = Some(&foreign.document),
            None => account.document = Some(&foreign.document),
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
        let mut account = match self.document {
            Some(document) => Object::parse(document)?,
            None => Object::default(),
        };
        if self.document.is_none() {
            account.set("id", base64url(id)?);
            account.set("username", to_raw_value("")?);
            account.set("email", to_raw_value("")?);
            account.set("collections", list(&[])?);
        }
        let items: Vec<Object> = self.items.into_iter().map(|(id, item)| item.write(&id)).collect::<Result<_, _>>()?;
        account.set("items", list(&items)?);
        Ok(account)
    }
}

impl ItemOut<'_> {
    fn write(mut self, id: &[u8]) -> Result<Object, ExchangeError> {
        self.passkeys.sort_by_key(|(passkey, _)| passkey.imported.as_ref().map_or(0, |imported| imported.position));
        let mut item = self.shell(id)?;
        let mut credentials: Vec<Object> = item.read("credentials").unwrap_or_default();
        for (passkey, fields) in &self.passkeys {
            let position = passkey.imported.as_ref().map_or(0, |imported| imported.position);
            let place = usize::try_from(position).map_or(credentials.len(), |place| place.min(credentials.len()));
            credentials.insert(place, write_passkey(passkey, fields)?);
        }
        if let ([(_, fields)], 1) = (self.passkeys.as_slice(), credentials.len()) {
            let label = fields.text(FieldTag::Label);
            if !label.is_empty() {
                item.set("title", to_raw_value(label)?);
            }
        }
        item.set("credentials", list(&credentials)?);
        if !self.passkeys.is_empty() {
            let about = self.passkeys.iter().map(|(passkey, fields)| about(passkey, fields));
            Extension::of(about.collect()).add_to(&mut item)?;
        }
        Ok(item)
    }

    /// The item as it was, without its passkeys; one of a Keyfold's own if there is none.
    fn shell(&self, id: &[u8]) -> Result<Object, ExchangeError> {
        let kept = self.passkeys.iter().filter_map(|(passkey, _)| passkey.imported.as_ref());
        let shell = kept.map(|imported| imported.shell.as_str()).find(|shell| !shell.is_empty());
        if let Some(document) = self.document.or(shell) {
            return Ok(Object::parse(document)?);
        }
        let mut item = Object::default();
        item.set("id", base64url(id)?);
        if let Some((passkey, fields)) = self.passkeys.first() {
            let name = fields.text(FieldTag::RpName);
            item.set("creationAt", to_raw_value(&(passkey.created_at / 1_000))?);
            item.set("title", to_raw_value(if name.is_empty() { passkey.rp_id.as_str() } else { name })?);
        }
        Ok(item)
    }
}

fn about(passkey: &Passkey, fields: &Fields) -> About {
    About {
        credential_id: B64Url::from(passkey.credential_id.as_slice()).to_string(),
        rp_name: fields.text(FieldTag::RpName).to_owned(),
        created_at: Some(passkey.created_at),
        last_used_at: fields.last_used(),
    }
}

#[derive(serde::Serialize)]
struct Version {
    major: u8,
    minor: u8,
}

fn base64url(bytes: &[u8]) -> Result<Box<RawValue>, ExchangeError> {
    Ok(to_raw_value(&B64Url::from(bytes))?)
}

fn list(objects: &[Object]) -> Result<Box<RawValue>, ExchangeError> {
    let texts: Vec<_> = objects.iter().map(Object::text).collect();
    Ok(json::array(texts.iter().map(|text| text.as_str()))?)
}
