use rand_core::CryptoRng;

use super::{Authenticator, Consent, consent, own_ids};
use crate::authenticator_data::{AuthenticatorData, Flags};
use crate::hmac_secret::{self, OpenedHmacSecret};
use crate::{
    Action, AllowList, Assertion, CredentialStore, CtapError, GetAssertion, Listing, Passkey, Presence, PrfOutput,
    Prompt, RelyingParty, User, UserVerification, cbor,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Signs with a passkey that the user agreed to use; [silently](Presence::NotRequired) only with one that the
    /// platform named.
    ///
    /// # Errors
    /// [`CtapError::NoCredentials`], [`CtapError::OperationDenied`]; for `hmac-secret` also
    /// [`CtapError::InvalidParameter`], [`CtapError::PinAuthInvalid`], [`CtapError::InvalidLength`]
    /// and [`CtapError::UnsupportedOption`] (with [`Presence::NotRequired`]); else
    /// [`CtapError::Other`].
    pub fn get_assertion(
        &mut self,
        request: &GetAssertion,
        user: &mut dyn UserVerification,
    ) -> Result<Assertion, CtapError> {
        let hmac_secret = self.open_hmac_secret(request)?;
        let candidates = self.candidates(request)?;
        let consent = choose(request, &candidates, user)?;
        let chosen = candidates.get(consent.account).ok_or(CtapError::OperationDenied)?;
        let loaded = self.store.load(&request.rp_id, &chosen.credential_id)?;
        // Whatever the store gives, no key signs for another relying party than its own.
        let passkey = loaded.filter(|passkey| passkey.rp_id == request.rp_id).ok_or(CtapError::NoCredentials)?;
        let user_selected =
            request.allow == AllowList::Discoverable && request.presence == Presence::Required && candidates.len() > 1;
        self.assert(request, &passkey, hmac_secret, consent.verified, user_selected)
    }

    fn open_hmac_secret(&self, request: &GetAssertion) -> Result<Option<OpenedHmacSecret>, CtapError> {
        let Some(input) = request.hmac_secret.clone() else { return Ok(None) };
        // Secrets are not for platforms that only probe (CTAP 2.1 §12.5).
        if request.presence == Presence::NotRequired {
            return Err(CtapError::UnsupportedOption);
        }
        input.open(&self.key_agreement).map(Some)
    }

    fn candidates(&self, request: &GetAssertion) -> Result<Vec<Listing>, CtapError> {
        let found = match &request.allow {
            // Without a list it would tell anybody who has an account here (CTAP 2.1 §6.2.2).
            AllowList::Discoverable if request.is_silent() => Vec::new(),
            AllowList::Discoverable => self.store.find(&request.rp_id, None)?,
            AllowList::Only(ids) => self.store.find(&request.rp_id, Some(&own_ids(ids)))?,
        };
        Ok(found)
    }

    fn assert(
        &mut self,
        request: &GetAssertion,
        passkey: &Passkey,
        hmac_secret: Option<OpenedHmacSecret>,
        verified: bool,
        user_selected: bool,
    ) -> Result<Assertion, CtapError> {
        let presence = match request.presence {
            Presence::Required => Flags::UP,
            Presence::NotRequired => Flags::NONE,
        };
        let backup_state = self.store.backup_state(&passkey.rp_id, &passkey.credential_id)?;
        let backup = Flags::backup(passkey.backup_eligibility, backup_state);
        let extensions = hmac_secret.map(|opened| self.hmac_secret_output(&opened, passkey, verified));
        let data = AuthenticatorData {
            rp_id: &passkey.rp_id,
            flags: presence | if verified { Flags::UV } else { Flags::NONE } | backup,
            attested: None,
            extensions: extensions.transpose()?,
        };
        let authenticator_data = data.encode()?;
        let message = [authenticator_data.as_slice(), &request.client_data_hash].concat();
        let salts = request.prf.salts_for(&passkey.credential_id).filter(|_| verified);
        Ok(Assertion {
            credential_id: passkey.credential_id.clone(),
            signature: passkey.private_key.sign(&message)?,
            authenticator_data,
            user: told(request, &passkey.user, verified),
            user_selected,
            prf: salts.map(|salts| PrfOutput::evaluate(&passkey.cred_random_with_uv, salts)),
        })
    }

    fn hmac_secret_output(
        &mut self,
        opened: &OpenedHmacSecret,
        passkey: &Passkey,
        verified: bool,
    ) -> Result<ciborium::Value, CtapError> {
        let key = if verified { &passkey.cred_random_with_uv } else { &passkey.cred_random_without_uv };
        let output = PrfOutput::evaluate(key, &opened.salts);
        let sealed = opened.seal(&output, &mut self.rng)?;
        Ok(cbor::text_map([(hmac_secret::IDENTIFIER, sealed)]))
    }
}

/// Asks which of the candidates to use. A platform that only probes gets the most recent of those that it named.
fn choose(
    request: &GetAssertion,
    candidates: &[Listing],
    user: &mut dyn UserVerification,
) -> Result<Consent, CtapError> {
    let accounts: Vec<User> = candidates.iter().map(|listing| listing.user.clone()).collect();
    let relying_party = RelyingParty { id: request.rp_id.clone(), name: None };
    let mut prompt = Prompt {
        action: Action::SignIn,
        relying_party: &relying_party,
        accounts: &accounts,
        verification: request.verification(),
        answer_within: None,
    };
    match (candidates.is_empty(), request.is_silent()) {
        (true, true) => Err(CtapError::NoCredentials),
        (true, false) => {
            prompt.action = Action::ReportNoPasskey;
            user.ask(&prompt);
            Err(CtapError::NoCredentials)
        }
        (false, true) => Ok(Consent { account: 0, verified: false }),
        (false, false) => consent(user, &prompt),
    }
}

/// What a platform may see of an account: nothing if nobody was asked, and names, which are personal data, only after
/// verification (CTAP 2.1 §6.2.2).
fn told(request: &GetAssertion, user: &User, verified: bool) -> Option<User> {
    match (request.is_silent(), verified) {
        (true, _) => None,
        (false, true) => Some(user.clone()),
        (false, false) => Some(User { handle: user.handle.clone(), name: None, display_name: None }),
    }
}
