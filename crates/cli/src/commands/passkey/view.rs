use data_encoding::BASE64URL_NOPAD;
use keyfold_client::{
    item::{Algorithm, FieldTag, Key, PURGED_AFTER, Protection},
    storage::Fault,
    vault::{Origin, Unreadable, VaultItem},
};
use serde::Serialize;

use crate::terminal::{printable, rfc3339, table};

/// What may be shown of a passkey: everything but its secrets.
#[derive(Serialize)]
pub(in crate::commands) struct PasskeyView {
    id: String,
    rp_id: String,
    rp_name: String,
    user_name: String,
    user_display_name: String,
    label: String,
    credential_id: String,
    user_handle: String,
    algorithm: &'static str,
    created_at: String,
    created_by: String,
    last_used_at: Option<String>,
    deleted_at: Option<String>,
    /// When a deleted one is purged.
    restorable_until: Option<String>,
    /// Its site has said that it knows it no more: it is not offered there.
    hidden: bool,
    /// The passkeys that it replaces once its site has named it without them.
    replaces: Vec<String>,
    revision: u64,
    state: &'static str,
    backup_eligible: bool,
    /// Of one that is on the device that made it only: what keeps its key there.
    bound_by: Option<&'static str>,
    backed_up: bool,
    fault: Option<FaultView>,
}

#[derive(Serialize)]
pub(in crate::commands) struct Passkeys {
    passkeys: Vec<PasskeyView>,
    unreadable: Vec<UnreadableView>,
}

#[derive(Serialize)]
struct UnreadableView {
    id: String,
    fault: FaultView,
}

#[derive(Serialize)]
struct FaultView {
    revision: u64,
    author: Option<String>,
    reason: String,
}

impl PasskeyView {
    /// Of an item that is a passkey.
    pub(in crate::commands) fn of(item: &VaultItem) -> Option<Self> {
        let (passkey, fields) = (item.item.passkey()?, &item.item.fields);
        let text = |tag| fields.text(tag).to_owned();
        Some(Self {
            id: item.id.to_string(),
            rp_id: passkey.rp_id.clone(),
            rp_name: text(FieldTag::RpName),
            user_name: text(FieldTag::UserName),
            user_display_name: text(FieldTag::UserDisplayName),
            label: text(FieldTag::Label),
            credential_id: BASE64URL_NOPAD.encode(&passkey.credential_id),
            user_handle: BASE64URL_NOPAD.encode(&passkey.user_handle),
            algorithm: match passkey.algorithm {
                Algorithm::Es256 => "ES256",
                Algorithm::EdDsa => "EdDSA",
                Algorithm::Es384 => "ES384",
                Algorithm::MlDsa44 => "ML-DSA-44",
            },
            created_at: rfc3339(passkey.created_at),
            created_by: passkey.created_by.to_string(),
            last_used_at: fields.last_used().map(rfc3339),
            deleted_at: fields.deleted_at().map(rfc3339),
            restorable_until: fields.deleted_at().map(|at| rfc3339(at.saturating_add(PURGED_AFTER))),
            hidden: fields.is_hidden(),
            replaces: fields.replaces().map(|id| id.to_string()).collect(),
            revision: item.revision,
            state: match item.origin {
                Origin::Acknowledged => "synced",
                Origin::Edited => "edited",
                Origin::Unsent => "unsent",
            },
            backup_eligible: passkey.backup_eligible(),
            bound_by: match passkey.key {
                Key::Synced(_) => None,
                Key::Bound(Protection::Software) => Some("software"),
            },
            backed_up: item.backed_up,
            fault: item.fault.as_ref().map(FaultView::from),
        })
    }

    pub(in crate::commands) fn text(&self) -> String {
        let mut lines = vec![
            format!("Passkey        {}", self.id),
            format!("Relying party  {} {}", self.rp_id, parenthesised(&self.rp_name)),
            format!("Account        {} {}", printable(&self.user_name), parenthesised(&self.user_display_name)),
            format!("Your name      {}", printable(&self.label)),
            format!("Credential id  {}", self.credential_id),
            format!("Algorithm      {}", self.algorithm),
            format!("Made           {} by device {}", self.created_at, self.created_by),
            format!("Last used      {}", self.last_used_at.as_deref().unwrap_or("never noted")),
            format!("State          {}, revision {}", self.state, self.revision),
            match self.bound_by {
                Some(keeper) => {
                    format!("Works on       device {} only ({keeper} keeps its key there)", self.created_by)
                }
                None => format!("Backed up      {}", if self.backed_up { "yes" } else { "no" }),
            },
        ];
        if let (Some(at), Some(until)) = (&self.deleted_at, &self.restorable_until) {
            lines.push(format!("Deleted        {at}; `keyfold passkey restore` brings it back until {until}"));
        }
        if self.hidden {
            let back = "`keyfold passkey restore` offers it again";
            lines.push(format!("Hidden         its site has said that it knows it no more; {back}"));
        }
        if !self.replaces.is_empty() {
            lines.push(format!("Replaces       {}, once its site names this one alone", self.replaces.join(", ")));
        }
        lines.extend(self.fault.as_ref().map(|fault| format!("Quarantined    {}", fault.text())));
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }
}

impl Passkeys {
    pub(in crate::commands) fn new(passkeys: Vec<PasskeyView>, unreadable: &[Unreadable]) -> Self {
        let unreadable = unreadable
            .iter()
            .map(|item| UnreadableView { id: item.id.to_string(), fault: FaultView::from(&item.fault) });
        Self { passkeys, unreadable: unreadable.collect() }
    }

    pub(in crate::commands) const fn is_empty(&self) -> bool {
        self.passkeys.is_empty()
    }

    pub(in crate::commands) fn text(&self) -> String {
        let rows = self.passkeys.iter().map(|passkey| {
            let name = if passkey.label.is_empty() { &passkey.user_name } else { &passkey.label };
            let state = match (&passkey.deleted_at, &passkey.fault) {
                (_, Some(_)) => "quarantined",
                (Some(_), None) => "deleted",
                (None, None) if passkey.hidden => "hidden",
                (None, None) if passkey.bound_by.is_some() => "bound",
                (None, None) => passkey.state,
            };
            [&passkey.id, &passkey.rp_id, name, &passkey.created_at, state].map(str::to_owned)
        });
        let mut text = table(["ID", "RELYING PARTY", "ACCOUNT", "MADE", "STATE"], rows);
        for item in &self.unreadable {
            text.push_str(&format!("\nUnreadable: {}, {}", item.id, item.fault.text()));
        }
        text
    }
}

impl From<&Fault> for FaultView {
    fn from(fault: &Fault) -> Self {
        Self {
            revision: fault.revision,
            author: fault.author.map(|author| author.to_string()),
            reason: fault.reason.clone(),
        }
    }
}

impl FaultView {
    fn text(&self) -> String {
        let author = self.author.as_deref().unwrap_or("an unknown device");
        format!("revision {} by {author}: {}", self.revision, printable(&self.reason))
    }
}

fn parenthesised(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("({})", printable(text)) }
}
