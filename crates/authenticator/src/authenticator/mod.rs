mod get_assertion;
mod make_credential;
#[cfg(test)]
mod tests;

use std::fmt;

use rand_core::CryptoRng;

use crate::{
    Answer, CredentialId, CredentialStore, CtapError, KeyAgreement, Model, Prompt, UserVerification,
    VerificationRequirement,
};

/// The authenticator: a model, a store, a source of randomness, and the key pair under which
/// platforms encrypt to it. See the crate's documentation.
pub struct Authenticator<S, R> {
    model: Model,
    store: S,
    rng: R,
    key_agreement: KeyAgreement,
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Powers up: draws the key pair of this run.
    pub fn new(model: Model, store: S, mut rng: R) -> Self {
        let key_agreement = KeyAgreement::generate(&mut rng);
        Authenticator { model, store, rng, key_agreement }
    }

    /// The key pair to which platforms encrypt `hmac-secret` salts.
    pub fn key_agreement(&self) -> &KeyAgreement {
        &self.key_agreement
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }
}

impl<S, R> fmt::Debug for Authenticator<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("model", &self.model).finish_non_exhaustive()
    }
}

/// What the user agreed to.
struct Consent {
    account: usize,
    verified: bool,
}

/// Asks, and refuses an answer that does not meet the requirement or names no account.
fn consent(user: &mut dyn UserVerification, prompt: &Prompt<'_>) -> Result<Consent, CtapError> {
    let consent = match user.ask(prompt) {
        Answer::Denied => return Err(CtapError::OperationDenied),
        Answer::Present { account } => Consent { account, verified: false },
        Answer::Verified { account } => Consent { account, verified: true },
    };
    if prompt.verification == VerificationRequirement::Required && !consent.verified {
        return Err(CtapError::OperationDenied);
    }
    Ok(consent)
}

/// Those of the listed ids that could be ours: others have another length.
fn own_ids(ids: &[Vec<u8>]) -> Vec<CredentialId> {
    ids.iter().filter_map(|id| CredentialId::try_from(id.as_slice()).ok()).collect()
}
