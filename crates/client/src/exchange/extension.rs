use credential_exchange_format::B64Url;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::ExchangeError;
use crate::item::{json, json::Object};

/// What CXF has no member for, so that nothing is lost between two vaults of Keyfold: an extension of the item.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Extension {
    name: String,
    passkeys: Vec<About>,
}

/// What is said of one passkey.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct About {
    /// Which, base64url.
    pub(super) credential_id: String,
    /// `rp.name` as the relying party gave it.
    pub(super) rp_name: String,
    /// The user's own name for it.
    pub(super) label: String,
    /// Unix milliseconds; CXF has seconds.
    pub(super) created_at: Option<u64>,
    /// Unix milliseconds.
    pub(super) last_used_at: Option<u64>,
}

impl Extension {
    pub(super) fn of(passkeys: Vec<About>) -> Self {
        Self { name: NAME.to_owned(), passkeys }
    }

    /// The one that an item has, if it has one.
    pub(super) fn read(item: &Object) -> Self {
        extensions(item).and_then(|all| all.iter().find_map(|extension| ours(extension))).unwrap_or_default()
    }

    /// Takes it out of an item whose passkeys it is about; an export makes it anew.
    pub(super) fn take_from(item: &mut Object) -> Result<(), ExchangeError> {
        let Some(mut all) = extensions(item) else { return Ok(()) };
        let Some(place) = all.iter().position(|extension| ours(extension).is_some()) else { return Ok(()) };
        all.remove(place);
        if all.is_empty() {
            drop(item.take("extensions"));
        } else {
            item.set("extensions", array(&all)?);
        }
        Ok(())
    }

    /// Adds it to an item's extensions. What is there and is no list of extensions stays, and this is not added.
    pub(super) fn add_to(&self, item: &mut Object) -> Result<(), ExchangeError> {
        let mut all = match item.get("extensions") {
            None => Vec::new(),
            Some(_) => match extensions(item) {
                Some(all) => all,
                None => return Ok(()),
            },
        };
        all.push(to_raw_value(self)?);
        item.set("extensions", array(&all)?);
        Ok(())
    }

    pub(super) fn about(&self, credential_id: &B64Url) -> Option<&About> {
        let id = credential_id.to_string();
        self.passkeys.iter().find(|about| about.credential_id == id)
    }
}

fn extensions(item: &Object) -> Option<Vec<Box<RawValue>>> {
    json::elements(item.get("extensions")?, MOST).ok()
}

fn array(extensions: &[Box<RawValue>]) -> Result<Box<RawValue>, ExchangeError> {
    let texts: Vec<&str> = extensions.iter().map(|extension| extension.get()).collect();
    Ok(json::array(&texts)?)
}

fn ours(extension: &RawValue) -> Option<Extension> {
    let read: Extension = serde_json::from_str(extension.get()).ok()?;
    (read.name == NAME).then_some(read)
}

const NAME: &str = "keyfold";
/// Of one item: more than anybody writes.
const MOST: usize = 10_000;
