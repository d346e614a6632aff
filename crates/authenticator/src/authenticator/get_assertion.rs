use rand_core::CryptoRng;

use super::{Authenticator, Authority, Consent, NextAssertions, Pending, consent, own_ids};
use crate::authenticator_data::{AuthenticatorData, Flags};
use crate::extensions::Outputs;
use crate::hmac_secret::OpenedHmacSecret;
use crate::{
    Action, AllowList, Assertion, CredProtect, CredentialStore, CtapError, Discoverability, GetAssertion, Listing,
    Passkey, Presence, Presented, PrfOutput, Prompt, RelyingParty, UnixMillis, User, UserVerification,
    VerificationRequirement, WITNESS_EXTENSION,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Signs with a passkey that the user agreed to use; [silently](Presence::NotRequired) only with one that the
    /// platform named. A passkey that needs user verification makes it required.
    ///
    /// # Errors
    /// [`CtapError::NoCredentials`], [`CtapError::OperationDenied`], [`CtapError::UserActionTimeout`],
    /// [`CtapError::KeepaliveCancel`]; for `hmac-secret` also
    /// [`CtapError::InvalidParameter`], [`CtapError::PinAuthInvalid`], [`CtapError::InvalidLength`]
    /// and [`CtapError::UnsupportedOption`] (with [`Presence::NotRequired`]); else
    /// [`CtapError::Other`].
    pub fn get_assertion(
        &mut self,
        request: &GetAssertion,
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Assertion, CtapError> {
        let always = self.store.device()?.always_uv && request.presence == Presence::Required;
        let verification = if always { VerificationRequirement::Required } else { request.verification() };
        self.get(request, verification, Authority::OwnClient, user, &|| now)
    }

    pub(crate) fn get(
        &mut self,
        request: &GetAssertion,
        verification: VerificationRequirement,
        authority: Authority,
        user: &mut dyn UserVerification,
        clock: &dyn Fn() -> UnixMillis,
    ) -> Result<Assertion, CtapError> {
        let is_silent = request.presence == Presence::NotRequired && verification != VerificationRequirement::Required;
        let hmac_secret = self.open_hmac_secret(request)?;
        let candidates = self.candidates(request, is_silent)?;
        let (candidates, verification) = protected(candidates, request, verification, authority);
        let mut consent = choose(request, &candidates, verification, is_silent, user)?;
        let is_for_platform = candidates.len() > 1 && !user.can_choose();
        if is_for_platform {
            consent.account = 0;
        }
        let chosen = candidates.get(consent.account).ok_or(CtapError::OperationDenied)?;
        let verified = consent.verified || authority == Authority::Token;
        if !verified && needs_verification(chosen, request) {
            return Err(CtapError::OperationDenied);
        }
        let passkey = self.load(request, chosen)?;
        let is_choice = request.allow == AllowList::Discoverable && !is_silent && candidates.len() > 1;
        let told = if is_silent { None } else { Some(told(&passkey.user, verified)) };
        let mut assertion = self.assert(request, &passkey, hmac_secret.as_ref(), verified, authority)?;
        assertion.user = told;
        assertion.user_selected = is_choice && !is_for_platform;
        if is_choice && is_for_platform {
            assertion.number_of_credentials = Some(candidates.len());
            let left = candidates.into_iter().skip(1).map(|listing| listing.credential_id).collect();
            let next = NextAssertions { request: request.clone(), hmac_secret, verified, left, since: clock() };
            self.session.pending = Pending::Assertions(Box::new(next));
        }
        Ok(assertion)
    }

    /// Signs with the next of several passkeys (CTAP 2.1 §6.3). The user agreed when the first one was used.
    pub(crate) fn next_assertion(&mut self, mut next: NextAssertions, now: UnixMillis) -> Result<Assertion, CtapError> {
        if now.0.abs_diff(next.since.0) >= NEXT_WITHIN {
            return Err(CtapError::NotAllowed);
        }
        let id = next.left.pop_front().ok_or(CtapError::NotAllowed)?;
        let found = self.store.find(&next.request.rp_id, Some(&[id]))?;
        let passkey = self.load(&next.request, found.first().ok_or(CtapError::NotAllowed)?)?;
        let secret = next.hmac_secret.as_ref();
        let mut assertion = self.assert(&next.request, &passkey, secret, next.verified, Authority::Platform)?;
        assertion.user = Some(told(&passkey.user, next.verified));
        next.since = now;
        self.session.pending = Pending::Assertions(Box::new(next));
        Ok(assertion)
    }

    fn open_hmac_secret(&self, request: &GetAssertion) -> Result<Option<OpenedHmacSecret>, CtapError> {
        let Some(input) = request.hmac_secret.clone() else { return Ok(None) };
        // Secrets are not for platforms that only probe (CTAP 2.1 §12.5).
        if request.presence == Presence::NotRequired {
            return Err(CtapError::UnsupportedOption);
        }
        input.open(&self.key_agreement).map(Some)
    }

    fn candidates(&self, request: &GetAssertion, is_silent: bool) -> Result<Vec<Listing>, CtapError> {
        let mut found = match &request.allow {
            // Without a list it would tell anybody who has an account here (CTAP 2.1 §6.2.2).
            AllowList::Discoverable if is_silent => Vec::new(),
            AllowList::Discoverable => self.store.find(&request.rp_id, None)?,
            AllowList::Only(ids) => return Ok(self.store.find(&request.rp_id, Some(&own_ids(ids)))?),
        };
        found.retain(|listing| listing.discoverability == Discoverability::Discoverable);
        Ok(found)
    }

    /// Whatever the store gives, no key signs for another relying party than its own.
    fn load(&self, request: &GetAssertion, listing: &Listing) -> Result<Passkey, CtapError> {
        let loaded = self.store.load(&request.rp_id, &listing.credential_id)?;
        loaded.filter(|passkey| passkey.rp_id == request.rp_id).ok_or(CtapError::NoCredentials)
    }

    fn assert(
        &mut self,
        request: &GetAssertion,
        passkey: &Passkey,
        hmac_secret: Option<&OpenedHmacSecret>,
        verified: bool,
        authority: Authority,
    ) -> Result<Assertion, CtapError> {
        let presence = match request.presence {
            Presence::Required => Flags::UP,
            Presence::NotRequired => Flags::NONE,
        };
        let backup_state = self.store.backup_state(&passkey.rp_id, &passkey.credential_id)?;
        let backup = Flags::backup(passkey.backup_eligibility, backup_state);
        let mut outputs = Outputs::default();
        if request.cred_blob {
            outputs.add(Outputs::CRED_BLOB, ciborium::Value::from(passkey.cred_blob.to_vec()));
        }
        if let Some(opened) = hmac_secret {
            outputs.add(Outputs::HMAC_SECRET, opened.evaluate(passkey, verified, &mut self.rng)?);
        }
        let flags = presence | if verified { Flags::UV } else { Flags::NONE } | backup;
        if authority == Authority::OwnClient
            && let Some(output) = self.vouch(request, passkey, flags)?
        {
            outputs.add(WITNESS_EXTENSION, output);
        }
        let data = AuthenticatorData { rp_id: &passkey.rp_id, flags, attested: None, extensions: outputs.into_map() };
        let authenticator_data = data.encode()?;
        let message = [authenticator_data.as_slice(), &request.client_data_hash].concat();
        let salts = request.prf.salts_for(&passkey.credential_id).filter(|_| verified);
        let signature = passkey.private_key.sign(&message, &mut self.rng)?;
        if request.presence == Presence::Required {
            self.store.used(&passkey.rp_id, &passkey.credential_id, &request.allow);
        }
        Ok(Assertion {
            credential_id: passkey.credential_id.clone(),
            signature,
            authenticator_data,
            user: None,
            user_selected: false,
            number_of_credentials: None,
            prf: salts.map(|salts| PrfOutput::evaluate(&passkey.cred_random_with_uv, salts)),
            cred_blob: request.cred_blob.then(|| passkey.cred_blob.clone()),
            large_blob_key: request.large_blob_key.then(|| passkey.large_blob_key()),
        })
    }
}

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// What vouches for this device behind an assertion with these flags, and with extensions.
    fn vouch(
        &self,
        request: &GetAssertion,
        passkey: &Passkey,
        flags: Flags,
    ) -> Result<Option<ciborium::Value>, CtapError> {
        let (credential_id, client_data_hash) = (&passkey.credential_id, &request.client_data_hash);
        let presented = Presented { flags: flags.with_extensions(), credential_id, client_data_hash };
        let output = self.store.witness().and_then(|witness| witness.vouch(&passkey.rp_id, &presented));
        output.map(|output| crate::cbor::decode(&output)).transpose()
    }
}

/// Whether this passkey may not be used for the request without verification (CTAP 2.1 §12.1).
fn needs_verification(listing: &Listing, request: &GetAssertion) -> bool {
    match listing.cred_protect {
        CredProtect::VerificationOptional => false,
        CredProtect::VerificationOptionalWithList => request.allow == AllowList::Discoverable,
        CredProtect::VerificationRequired => true,
    }
}

/// To a request without verification, passkeys that need it are not here. Our own client asks for verification instead, if
/// there are no others.
fn protected(
    candidates: Vec<Listing>,
    request: &GetAssertion,
    verification: VerificationRequirement,
    authority: Authority,
) -> (Vec<Listing>, VerificationRequirement) {
    let may_verify = match authority {
        Authority::Token => true,
        Authority::Platform => verification == VerificationRequirement::Required,
        Authority::OwnClient => verification != VerificationRequirement::Discouraged,
    };
    if may_verify {
        return (candidates, verification);
    }
    let open: Vec<Listing> =
        candidates.iter().filter(|listing| !needs_verification(listing, request)).cloned().collect();
    match authority {
        Authority::OwnClient if open.is_empty() && request.presence == Presence::Required && !candidates.is_empty() => {
            (candidates, VerificationRequirement::Required)
        }
        _ => (open, verification),
    }
}

/// Asks which of the candidates to use. A platform that only probes gets the most recent of those that it named.
fn choose(
    request: &GetAssertion,
    candidates: &[Listing],
    verification: VerificationRequirement,
    is_silent: bool,
    user: &mut dyn UserVerification,
) -> Result<Consent, CtapError> {
    let accounts: Vec<User> = candidates.iter().map(|listing| listing.user.clone()).collect();
    let relying_party = RelyingParty { id: request.rp_id.clone(), name: None };
    let mut prompt = Prompt {
        action: Action::SignIn,
        relying_party: Some(&relying_party),
        accounts: &accounts,
        verification,
        answer_within: None,
    };
    match (candidates.is_empty(), is_silent) {
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

/// What a platform may see of an account: names, which are personal data, only after verification (CTAP 2.1 §6.2.2).
fn told(user: &User, verified: bool) -> User {
    if verified { user.clone() } else { User { handle: user.handle.clone(), name: None, display_name: None } }
}

/// Milliseconds in which a platform asks for the next passkey (CTAP 2.1 §6.3).
const NEXT_WITHIN: u64 = 30_000;
