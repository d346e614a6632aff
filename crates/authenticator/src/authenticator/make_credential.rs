use ciborium::Value;
use rand_core::CryptoRng;

use super::{Authenticator, consent, own_ids};
use crate::authenticator_data::{AttestedCredential, AuthenticatorData, Flags};
use crate::{
    Action, Algorithm, Attestation, CredentialId, CredentialStore, CtapError, MakeCredential, Passkey, PrfOutput,
    Prompt, UnixMillis, UserVerification, VerificationRequirement, cbor, hmac_secret,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Makes a passkey, after asking the user, and keeps it in the store.
    ///
    /// # Errors
    /// [`CtapError::UnsupportedAlgorithm`], [`CtapError::CredentialExcluded`] (only if the user
    /// agreed to tell), [`CtapError::OperationDenied`], [`CtapError::KeyStoreFull`] or
    /// [`CtapError::Other`]. Nothing has been kept then.
    pub fn make_credential(
        &mut self,
        request: &MakeCredential,
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Attestation, CtapError> {
        let algorithm = request
            .algorithms
            .iter()
            .find_map(|id| Algorithm::from_cose_id(*id))
            .ok_or(CtapError::UnsupportedAlgorithm)?;
        self.refuse_excluded(request, user)?;
        let replaces = self.same_account(request)?;
        let action = if replaces.is_empty() { Action::Register } else { Action::Replace };
        let consent = consent(user, &prompt(request, action, request.verification()))?;
        let passkey = Passkey::generate(
            algorithm,
            request.relying_party.id.clone(),
            request.user.clone(),
            self.model.backup_eligibility,
            now,
            &mut self.rng,
        )?;
        self.store.save(&passkey, &replaces)?;
        self.attest(request, &passkey, consent.verified)
    }

    /// CTAP 2.1 §6.1.2 step 12. A refusal stays a refusal: WebAuthn §6.3.2 lets the relying party
    /// know of the match only with the user's consent.
    fn refuse_excluded(&self, request: &MakeCredential, user: &mut dyn UserVerification) -> Result<(), CtapError> {
        let excluded = own_ids(&request.exclude);
        if excluded.is_empty() || self.store.find(&request.relying_party.id, Some(&excluded))?.is_empty() {
            return Ok(());
        }
        // Presence is enough: nothing will be made.
        consent(user, &prompt(request, Action::ReportExcluded, VerificationRequirement::Discouraged))?;
        Err(CtapError::CredentialExcluded)
    }

    /// The passkeys for the same relying party and user handle.
    fn same_account(&self, request: &MakeCredential) -> Result<Vec<CredentialId>, CtapError> {
        let held = self.store.find(&request.relying_party.id, None)?;
        let same = held.into_iter().filter(|listing| listing.user.handle == request.user.handle);
        Ok(same.map(|listing| listing.credential_id).collect())
    }

    fn attest(&self, request: &MakeCredential, passkey: &Passkey, verified: bool) -> Result<Attestation, CtapError> {
        let backup_state = self.store.backup_state(&passkey.rp_id, &passkey.credential_id)?;
        let backup = Flags::backup(passkey.backup_eligibility, backup_state);
        let data = AuthenticatorData {
            rp_id: &passkey.rp_id,
            flags: Flags::UP | if verified { Flags::UV } else { Flags::NONE } | backup,
            attested: Some(AttestedCredential {
                aaguid: self.model.aaguid,
                credential_id: passkey.credential_id.as_bytes(),
                public_key: passkey.private_key.public_key(),
            }),
            extensions: request.hmac_secret.then(|| cbor::text_map([(hmac_secret::IDENTIFIER, Value::from(true))])),
        };
        Ok(Attestation {
            authenticator_data: data.encode()?,
            credential_id: passkey.credential_id.clone(),
            public_key: passkey.private_key.public_key().clone(),
            prf: request.prf.as_ref().map(|salts| PrfOutput::evaluate(&passkey.cred_random_with_uv, salts)),
        })
    }
}

fn prompt(request: &MakeCredential, action: Action, verification: VerificationRequirement) -> Prompt<'_> {
    Prompt {
        action,
        relying_party: &request.relying_party,
        accounts: std::slice::from_ref(&request.user),
        verification,
        answer_within: None,
    }
}
