use std::collections::BTreeSet;

use credential_exchange_format::B64Url;
use keyfold_wire::MemberId;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    ExchangeError, MAX_FILE, MAX_PARTS,
    extension::Extension,
    passkey::{ReadPasskey, Usable, read_passkey},
};
use crate::item::{ExchangeId, Foreign, Imported, json, json::Object};

/// A credential exchange file, read, with what of it cannot be used.
#[derive(Default)]
pub struct Exchange {
    /// Who wrote it; `None` for an account without the header around it.
    pub exporter: Option<Exporter>,
    /// What is not imported, or kept and not used.
    pub left_out: Vec<LeftOut>,
    pub(super) passkeys: Vec<ReadPasskey>,
    pub(super) documents: Vec<Foreign>,
    /// What the file has said so far.
    seen: BTreeSet<ExchangeId>,
    /// How many items and credentials.
    parts: usize,
}

/// Who wrote a file, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporter {
    /// For people.
    pub name: String,
    /// A relying party id.
    pub rp_id: String,
    /// When, Unix seconds.
    pub at: u64,
}

/// Something of a file that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The title of its item.
    pub title: String,
    /// Why.
    pub why: Setback,
}

/// Why something of a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Setback {
    /// A passkey, kept for the next export.
    #[error("a passkey that cannot be used here, and is kept for the next export: {0}")]
    Kept(&'static str),
    /// A passkey.
    #[error(
        "a passkey whose signature counter is not zero: its relying party would take a copy for a theft (CXF excludes these)"
    )]
    Counter,
    /// A passkey.
    #[error("a passkey whose credential id another passkey has here")]
    Conflict,
    /// An item.
    #[error("it has no id of at most 64 bytes, or no credentials")]
    NoItem,
    /// An item, or what is said of an account.
    #[error("another item or account of the file has its id")]
    SameId,
    /// An item without its passkeys, or an account without its items.
    #[error("it is larger than an item of a vault can be (60 KiB)")]
    TooLarge,
}

/// The device that imports.
#[derive(Debug, Clone, Copy)]
pub struct Importer {
    /// It counts as the maker.
    pub device: MemberId,
    /// Now, Unix milliseconds: when a passkey was made that does not say so.
    pub at: u64,
}

impl Setback {
    /// Whether what it is about is kept for the next export all the same.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

impl Exchange {
    /// Reads a decrypted file: a CXF header with accounts, or one account without it.
    ///
    /// # Errors
    /// [`ExchangeError`]: nothing of the file can be used.
    pub fn read(file: &[u8], importer: Importer) -> Result<Self, ExchangeError> {
        if file.len() > MAX_FILE {
            return Err(ExchangeError::TooLarge);
        }
        let text = std::str::from_utf8(file).map_err(|_| ExchangeError::Json("it is not UTF-8".to_owned()))?;
        let mut top = Object::parse(text.trim_start_matches('\u{feff}'))?;
        let mut exchange = Self::default();
        if let Some(accounts) = top.take("accounts") {
            exchange.exporter = Some(exporter(&top)?);
            for account in objects(accounts).map_err(named("its accounts are no list of objects"))? {
                exchange.account(account, importer)?;
            }
        } else if top.get("items").is_some() {
            exchange.account(top, importer)?;
        } else {
            return Err(ExchangeError::Form("it has neither accounts nor items"));
        }
        Ok(exchange)
    }

    fn account(&mut self, mut account: Object, importer: Importer) -> Result<(), ExchangeError> {
        let id = id(&account).ok_or(ExchangeError::Form("an account has no id of at most 64 bytes"))?;
        let items = account.take("items").ok_or(ExchangeError::Form("an account has no items"))?;
        for item in objects(items).map_err(named("an account's items are no list of objects"))? {
            self.item(&id, item, importer)?;
        }
        let of_account = ExchangeId { account: id, item: None };
        let name = account.read::<String>("username").unwrap_or_default();
        if self.is_new(&of_account, &name) {
            self.keep(of_account, account.text(), &name);
        }
        Ok(())
    }

    fn item(&mut self, account: &[u8], mut item: Object, importer: Importer) -> Result<(), ExchangeError> {
        let title: String = item.read("title").unwrap_or_default();
        let credentials = item.take("credentials").and_then(|credentials| objects(credentials).ok());
        let (Some(id), Some(credentials)) = (id(&item), credentials) else {
            self.leave_out(&title, Setback::NoItem);
            return self.count(1);
        };
        self.count(1 + credentials.len())?;
        let from = ExchangeId { account: account.to_owned(), item: Some(id) };
        if !self.is_new(&from, &title) {
            return Ok(());
        }
        let reading = ReadingItem { about: Extension::read(&item), item: &item, from: &from, importer };
        let (mut passkeys, kept) = self.credentials(&reading, &title, credentials);
        if let ([passkey], []) = (passkeys.as_mut_slice(), kept.as_slice()) {
            passkey.called(&title);
        }
        if !passkeys.is_empty() {
            Extension::take_from(&mut item)?;
        }
        self.shell(from, item, &title, &kept, &mut passkeys)?;
        self.passkeys.append(&mut passkeys);
        Ok(())
    }

    /// The passkeys among an item's credentials, and those that are kept as they are.
    fn credentials(
        &mut self,
        reading: &ReadingItem<'_>,
        title: &str,
        credentials: Vec<Object>,
    ) -> (Vec<ReadPasskey>, Vec<Object>) {
        let (mut passkeys, mut kept): (Vec<ReadPasskey>, Vec<Object>) = (Vec::new(), Vec::new());
        for credential in credentials {
            if credential.read::<String>("type").as_deref() != Some("passkey") {
                kept.push(credential);
                continue;
            }
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let imported = Imported {
                from: reading.from.clone(),
                position: count(passkeys.len() + kept.len()),
                foreign_before: count(kept.len()),
                credential: Zeroizing::default(),
                shell: Zeroizing::default(),
            };
            match read_passkey(&credential, reading, imported) {
                Usable::Yes(passkey) => passkeys.push(*passkey),
                Usable::Kept(why) => {
                    self.leave_out(title, Setback::Kept(why));
                    kept.push(credential);
                }
                Usable::Counter => self.leave_out(title, Setback::Counter),
            }
        }
        (passkeys, kept)
    }

    /// What the item says beside its passkeys goes with its passkey, if it is little and there is nothing else.
    fn shell(
        &mut self,
        from: ExchangeId,
        mut item: Object,
        title: &str,
        kept: &[Object],
        passkeys: &mut [ReadPasskey],
    ) -> Result<(), ExchangeError> {
        let shell = item.text();
        if let ([passkey], [], true) = (passkeys, kept, shell.len() <= Imported::MAX_SHELL) {
            passkey.imported_with(shell);
            return Ok(());
        }
        let kept: Vec<_> = kept.iter().map(|credential| Text(credential.text())).collect();
        item.set("credentials", json::array(&kept)?);
        self.keep(from, item.text(), title);
        Ok(())
    }

    fn keep(&mut self, from: ExchangeId, document: Zeroizing<String>, title: &str) {
        if document.len() > Foreign::MAX_LEN {
            self.leave_out(title, Setback::TooLarge);
        } else {
            self.documents.push(Foreign { from, document });
        }
    }

    fn is_new(&mut self, id: &ExchangeId, title: &str) -> bool {
        let is_new = self.seen.insert(id.clone());
        if !is_new {
            self.leave_out(title, Setback::SameId);
        }
        is_new
    }

    fn count(&mut self, parts: usize) -> Result<(), ExchangeError> {
        self.parts += parts;
        if self.parts > MAX_PARTS { Err(ExchangeError::TooMany) } else { Ok(()) }
    }

    fn leave_out(&mut self, title: &str, why: Setback) {
        self.left_out.push(LeftOut { title: title.to_owned(), why });
    }
}

/// An item whose passkeys are being read.
pub(super) struct ReadingItem<'a> {
    pub(super) item: &'a Object,
    pub(super) from: &'a ExchangeId,
    pub(super) about: Extension,
    pub(super) importer: Importer,
}

/// A text that zeroizes.
pub(super) struct Text(pub(super) Zeroizing<String>);

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn exporter(header: &Object) -> Result<Exporter, ExchangeError> {
    let version = header.get("version").and_then(|version| Object::parse(version).ok());
    let version = version.ok_or(ExchangeError::Form("its version is missing"))?;
    let number = |name| version.read::<u64>(name).ok_or(ExchangeError::Form("its version is missing"));
    let (major, minor) = (number("major")?, number("minor")?);
    if major != 1 {
        return Err(ExchangeError::Version { major, minor });
    }
    Ok(Exporter {
        name: header.read("exporterDisplayName").unwrap_or_default(),
        rp_id: header.read("exporterRpId").unwrap_or_default(),
        at: header.read("timestamp").unwrap_or_default(),
    })
}

/// The id of an account or item.
pub(super) fn id(object: &Object) -> Option<Vec<u8>> {
    let id = Vec::from(B64Url::try_from(object.read::<String>("id")?.as_str()).ok()?);
    (id.len() <= ExchangeId::MAX_LEN).then_some(id)
}

/// The elements of an array, all objects.
fn objects(array: Box<RawValue>) -> Result<Vec<Object>, serde_json::Error> {
    let elements = json::elements(array.get(), MAX_PARTS);
    json::wipe(array);
    elements?
        .into_iter()
        .map(|element| {
            let object = Object::parse(element.get());
            json::wipe(element);
            object
        })
        .collect()
}

fn named(form: &'static str) -> impl FnOnce(serde_json::Error) -> ExchangeError {
    move |error| match error.classify() {
        serde_json::error::Category::Data if error.to_string().contains("invalid type") => ExchangeError::Form(form),
        _ => error.into(),
    }
}
