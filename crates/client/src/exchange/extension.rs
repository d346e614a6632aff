use credential_exchange_format::B64Url;
use serde::{Deserialize, Serialize};

use super::ExchangeError;
use crate::item::{json, json::Object};

/// What CXF has no member for, so that nothing is lost between two vaults of Keyfold: an extension of the item.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extension {
    name: String,
    passkeys: Vec<About>,
}

/// What is said of one passkey.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct About {
    /// Which, base64url.
    pub(super) credential_id: String,
    /// `rp.name` as the relying party gave it.
    pub(super) rp_name: String,
    /// Unix milliseconds; CXF has seconds.
    pub(super) created_at: Option<u64>,
    /// Unix milliseconds.
    pub(super) last_used_at: Option<u64>,
}

impl Extension {
    pub(super) fn of(passkeys: Vec<About>) -> Self {
        Self { name: NAME.to_owned(), passkeys }
    }

    /// Takes it out of an item; an export makes it anew.
    pub(super) fn take_from(item: &mut Object) -> Result<Self, ExchangeError> {
        let all: Option<Vec<Object>> = item.read("extensions");
        let Some(all) = all.filter(|all| all.iter().any(is_ours)) else { return Ok(Self::default()) };
        let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_ours);
        drop(item.take("extensions"));
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(Object::text).collect();
            item.set("extensions", json::array(others.iter().map(|text| text.as_str()))?);
        }
        let first = ours.first().map(Object::text);
        Ok(first.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Adds it to an item's extensions.
    pub(super) fn add_to(&self, item: &mut Object) -> Result<(), ExchangeError> {
        let others: Vec<Object> = item.read("extensions").unwrap_or_default();
        let mut texts: Vec<_> = others.iter().map(Object::text).collect();
        texts.push(serde_json::to_string(self)?.into());
        item.set("extensions", json::array(texts.iter().map(|text| text.as_str()))?);
        Ok(())
    }

    pub(super) fn about(&self, credential_id: &B64Url) -> About {
        let id = credential_id.to_string();
        self.passkeys.iter().find(|about| about.credential_id == id).cloned().unwrap_or_default()
    }
}

fn is_ours(extension: &Object) -> bool {
    extension.read::<String>("name").as_deref() == Some(NAME)
}

const NAME: &str = "keyfold";
