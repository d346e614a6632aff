use keyfold_authenticator::{Label, User};
use keyfold_wire::ItemId;

use super::{UnlockedVault, VaultError, VaultItem};
use crate::{
    item::{FieldTag, Passkey},
    webauthn::{self, GetError, Page, Signal, SignalError},
};

/// Why a signal did nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignalledError {
    /// It was not taken.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The vault failed; nothing was kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Why it cannot be told who could sign in.
#[derive(Debug, thiserror::Error)]
pub enum CandidatesError {
    /// The request is not a good one.
    #[error(transparent)]
    Request(#[from] GetError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What one of its relying party's signals makes of a passkey.
type Edit = (ItemId, FieldTag, Vec<u8>);

impl UnlockedVault {
    /// Takes a page's signal: passkeys that its relying party knows no more are hidden, not deleted, and shown again if it
    /// knows them after all; accounts are renamed. The next sync sends it.
    ///
    /// # Errors
    /// [`SignalledError`]; nothing has changed then.
    pub async fn signalled(&self, page: &Page, name: &str, options: &str) -> Result<(), SignalledError> {
        let (rp_id, signal) = Signal::parse(page, name, options)?;
        let contents = self.contents().await?;
        let mut edits = Vec::new();
        for (item, passkey) in contents.passkeys().filter(|(_, passkey)| passkey.rp_id == rp_id.as_str()) {
            for (id, tag, value) in edits_of(&signal, item, passkey) {
                edits.push(self.field_edit(&contents, id, tag, value)?);
            }
        }
        if !edits.is_empty() {
            self.keep_edits(edits).await?;
        }
        Ok(())
    }

    /// Who could sign in with a passkey here, for a page's request; nobody is asked.
    ///
    /// # Errors
    /// [`CandidatesError`].
    pub async fn candidates(&self, page: &Page, options: &str) -> Result<Vec<User>, CandidatesError> {
        let snapshot = self.snapshot().await?;
        Ok(webauthn::candidates(page, options, &snapshot)?)
    }
}

fn edits_of(signal: &Signal, item: &VaultItem, passkey: &Passkey) -> Vec<Edit> {
    let is_hidden = item.item.fields.is_hidden();
    match signal {
        Signal::UnknownCredential { credential } if *credential == passkey.credential_id && !is_hidden => {
            vec![(item.id, FieldTag::Hidden, vec![1])]
        }
        Signal::AllAccepted { user, credentials } if *user == passkey.user_handle => {
            let is_accepted = credentials.contains(&passkey.credential_id);
            let shown = (is_accepted == is_hidden).then(|| (item.id, FieldTag::Hidden, vec![u8::from(!is_accepted)]));
            // Its site knows it: what it does not know any more is hidden by the same signal.
            let replaces = is_accepted && !item.item.fields.value(FieldTag::Replaces).is_empty();
            shown.into_iter().chain(replaces.then(|| (item.id, FieldTag::Replaces, Vec::new()))).collect()
        }
        Signal::CurrentUserDetails { user, name, display_name } if *user == passkey.user_handle => {
            let texts = [(FieldTag::UserName, name), (FieldTag::UserDisplayName, display_name)];
            let texts = texts.map(|(tag, text)| (tag, Label::clipped(text)));
            let changed = texts.into_iter().filter(|(tag, text)| item.item.fields.text(*tag) != text.as_str());
            changed.map(|(tag, text)| (item.id, tag, text.as_str().as_bytes().to_vec())).collect()
        }
        _ => Vec::new(),
    }
}
