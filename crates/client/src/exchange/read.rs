use std::collections::BTreeSet;

use credential_exchange_format::B64Url;
use keyfold_wire::MemberId;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    ExchangeError, MAX_FILE,
    extension::Extension,
    passkey::{ReadPasskey, Usable, read_passkey},
};
use crate::item::{ExchangeId, Foreign, Imported, json, json::Object};

/// A credential exchange file, read, with what of it cannot be used.
pub struct Exchange {
    /// Who wrote it; `None` for an account without the header around it.
    pub exporter: Option<Exporter>,
    /// What is not imported, or kept and not used.
    pub left_out: Vec<LeftOut>,
    pub(super) items: Vec<ReadItem>,
    pub(super) documents: Vec<Foreign>,
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
    /// An item.
    #[error("another item of the file has its id")]
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

/// An item of the file.
pub(super) struct ReadItem {
    pub(super) passkeys: Vec<ReadPasskey>,
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
        let mut exchange = Self { exporter: None, left_out: Vec::new(), items: Vec::new(), documents: Vec::new() };
        if let Some(accounts) = top.take("accounts") {
            exchange.exporter = Some(exporter(&top)?);
            let accounts = objects(accounts, "its accounts are no list of objects")?;
            for account in accounts {
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
        let mut seen = BTreeSet::new();
        for item in objects(items, "an account's items are no list of objects")? {
            self.item(&id, item, &mut seen, importer)?;
        }
        let of_account = ExchangeId { account: id, item: None };
        self.keep(of_account, account.text(), &account.read::<String>("username").unwrap_or_default());
        Ok(())
    }

    fn item(
        &mut self,
        account: &[u8],
        mut item: Object,
        seen: &mut BTreeSet<Vec<u8>>,
        importer: Importer,
    ) -> Result<(), ExchangeError> {
        let title: String = item.read("title").unwrap_or_default();
        let (Some(id), Some(credentials)) = (id(&item), item.take("credentials")) else {
            self.leave_out(&title, Setback::NoItem);
            return Ok(());
        };
        let Ok(credentials) = objects(credentials, "") else {
            self.leave_out(&title, Setback::NoItem);
            return Ok(());
        };
        if !seen.insert(id.clone()) {
            self.leave_out(&title, Setback::SameId);
            return Ok(());
        }
        let from = ExchangeId { account: account.to_owned(), item: Some(id) };
        let extension = Extension::take_from(&mut item)?;
        let (mut passkeys, mut kept) = (Vec::new(), Vec::new());
        let is_alone = credentials.len() == 1;
        for (position, credential) in (0..).zip(credentials) {
            if credential.read::<String>("type").as_deref() != Some("passkey") {
                kept.push(credential);
                continue;
            }
            let imported = Imported {
                from: from.clone(),
                position,
                credential: Zeroizing::default(),
                shell: Zeroizing::default(),
            };
            match read_passkey(&credential, &item, imported, &extension, importer) {
                Usable::Yes(passkey) => passkeys.push(*passkey),
                Usable::Kept(why) => {
                    self.leave_out(&title, Setback::Kept(why));
                    kept.push(credential);
                }
                Usable::Counter => self.leave_out(&title, Setback::Counter),
            }
        }
        self.shell(from, item, &title, kept, &mut passkeys)?;
        if let ([passkey], true) = (passkeys.as_mut_slice(), is_alone) {
            passkey.called(&title);
        }
        self.items.push(ReadItem { passkeys });
        Ok(())
    }

    /// What the item says beside its passkeys goes with the first of them, if it is little and all that there is.
    fn shell(
        &mut self,
        from: ExchangeId,
        mut item: Object,
        title: &str,
        kept: Vec<Object>,
        passkeys: &mut [ReadPasskey],
    ) -> Result<(), ExchangeError> {
        let shell = item.text();
        if let (Some(first), true, true) = (passkeys.first_mut(), kept.is_empty(), shell.len() <= Imported::MAX_SHELL) {
            first.imported_with(shell);
            return Ok(());
        }
        let kept: Vec<_> = kept.iter().map(Object::text).collect();
        item.set("credentials", json::array(kept.iter().map(|text| text.as_str()))?);
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

    fn leave_out(&mut self, title: &str, why: Setback) {
        self.left_out.push(LeftOut { title: title.to_owned(), why });
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

fn id(object: &Object) -> Option<Vec<u8>> {
    let id = Vec::from(B64Url::try_from(object.read::<String>("id")?.as_str()).ok()?);
    (id.len() <= ExchangeId::MAX_LEN).then_some(id)
}

/// The elements of an array that must be objects.
fn objects(array: Box<RawValue>, or: &'static str) -> Result<Vec<Object>, ExchangeError> {
    let objects = serde_json::from_str(array.get()).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if !or.is_empty() => ExchangeError::Form(or),
        _ => error.into(),
    });
    json::wipe(array);
    objects
}
