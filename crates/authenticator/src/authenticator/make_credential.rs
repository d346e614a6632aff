use ciborium::Value;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Authenticator, Authority, consent, own_ids};
use crate::authenticator_data::{AttestedCredential, AuthenticatorData, Flags};
use crate::extensions::Outputs;
use crate::hmac_secret::OpenedHmacSecret;
use crate::passkey::Blueprint;
use crate::{
    Action, Algorithm, Attestation, AttestationFormat, AttestationStatement, CredProtect, CredentialId,
    CredentialStore, CtapError, Discoverability, MakeCredential, Model, Passkey, PrfOutput, Prompt, STATEMENT,
    UnixMillis, UserVerification, VerificationRequirement,
};

impl<S: CredentialStore, R: CryptoRng> Authenticator<S, R> {
    /// Makes a passkey, after asking the user, and keeps it in the store.
    ///
    /// # Errors
    /// [`CtapError::UnsupportedAlgorithm`], [`CtapError::CredentialExcluded`] (only if the user
    /// agreed to tell), [`CtapError::OperationDenied`], [`CtapError::UserActionTimeout`], [`CtapError::KeepaliveCancel`],
    /// [`CtapError::KeyStoreFull`] or [`CtapError::Other`]. Nothing has been kept then.
    pub fn make_credential(
        &mut self,
        request: &MakeCredential,
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Attestation, CtapError> {
        let always = self.store.device()?.always_uv;
        let verification = if always { VerificationRequirement::Required } else { request.verification() };
        self.make(request, verification, Authority::OwnClient, user, now)
    }

    pub(crate) fn make(
        &mut self,
        request: &MakeCredential,
        verification: VerificationRequirement,
        authority: Authority,
        user: &mut dyn UserVerification,
        now: UnixMillis,
    ) -> Result<Attestation, CtapError> {
        let algorithm = request
            .algorithms
            .iter()
            .find_map(|id| Algorithm::from_cose_id(*id))
            .ok_or(CtapError::UnsupportedAlgorithm)?;
        let hmac_secret = self.salts_at_creation(request)?;
        self.refuse_excluded(request, verification, authority, user)?;
        let mut replaces = self.same_account(request)?;
        let action = if replaces.is_empty() { Action::Register } else { Action::Replace };
        let consent = consent(user, &prompt(request, action, verification))?;
        let model = if user.binds() { Model::DEVICE_BOUND } else { self.model };
        if model != self.model {
            // What nobody was shown is not replaced.
            replaces.clear();
        }
        let passkey = Passkey::generate(blueprint(model, algorithm, request, now), &mut self.rng)?;
        self.store.save(&passkey, request.relying_party.name.as_ref(), &replaces)?;
        let verified = consent.verified || authority == Authority::Token;
        let attestation = self.attest(model, request, &passkey, hmac_secret.as_ref(), verified)?;
        if authority == Authority::OwnClient {
            self.state(&passkey)?;
        }
        Ok(attestation)
    }

    /// Has a new passkey state what it is, where somebody wants to know.
    fn state(&mut self, passkey: &Passkey) -> Result<(), CtapError> {
        let (rp_id, public_key) = (&passkey.rp_id, passkey.private_key.public_key());
        let wanted = self.store.witness().and_then(|witness| {
            witness.statement(rp_id, &passkey.credential_id, public_key, passkey.backup_eligibility)
        });
        let Some(statement) = wanted else { return Ok(()) };
        let message = [STATEMENT.as_slice(), &statement].concat();
        let signature = passkey.private_key.sign(&message, &mut self.rng)?;
        self.store.stated(rp_id, statement, signature);
        Ok(())
    }

    fn salts_at_creation(&self, request: &MakeCredential) -> Result<Option<OpenedHmacSecret>, CtapError> {
        let input = request.extensions.hmac_secret_at_creation.clone();
        // CTAP 2.2 §12.8: never without `hmac-secret` itself.
        if input.is_some() && !request.extensions.hmac_secret {
            return Err(CtapError::MissingParameter);
        }
        input.map(|input| input.open(&self.key_agreement)).transpose()
    }

    /// CTAP 2.1 §6.1.2 step 12. A refusal stays a refusal: WebAuthn §6.3.2 lets the relying party
    /// know of the match only with the user's consent.
    fn refuse_excluded(
        &self,
        request: &MakeCredential,
        verification: VerificationRequirement,
        authority: Authority,
        user: &mut dyn UserVerification,
    ) -> Result<(), CtapError> {
        let excluded = own_ids(&request.exclude);
        if excluded.is_empty() {
            return Ok(());
        }
        let found = self.store.find(&request.relying_party.id, Some(&excluded))?;
        // To a platform that does not verify, a passkey that needs verification is not here.
        let is_hidden = authority == Authority::Platform && verification != VerificationRequirement::Required;
        if !found.iter().any(|listing| !is_hidden || listing.cred_protect < CredProtect::VerificationRequired) {
            return Ok(());
        }
        // Presence is enough: nothing will be made.
        consent(user, &prompt(request, Action::ReportExcluded, VerificationRequirement::Discouraged))?;
        Err(CtapError::CredentialExcluded)
    }

    /// The discoverable passkeys of this model for the same relying party and user handle, where another is to take their place.
    fn same_account(&self, request: &MakeCredential) -> Result<Vec<CredentialId>, CtapError> {
        if request.discoverability == Discoverability::ServerSide {
            return Ok(Vec::new());
        }
        let held = self.store.find(&request.relying_party.id, None)?;
        let same = held.into_iter().filter(|listing| {
            listing.user.handle == request.user.handle
                && listing.discoverability == Discoverability::Discoverable
                && listing.backup_eligibility == self.model.backup_eligibility
        });
        Ok(same.map(|listing| listing.credential_id).collect())
    }

    fn attest(
        &mut self,
        model: Model,
        request: &MakeCredential,
        passkey: &Passkey,
        hmac_secret: Option<&OpenedHmacSecret>,
        verified: bool,
    ) -> Result<Attestation, CtapError> {
        let backup_state = self.store.backup_state(&passkey.rp_id, &passkey.credential_id)?;
        let backup = Flags::backup(passkey.backup_eligibility, backup_state);
        let data = AuthenticatorData {
            rp_id: &passkey.rp_id,
            flags: Flags::UP | if verified { Flags::UV } else { Flags::NONE } | backup,
            attested: Some(AttestedCredential {
                aaguid: model.aaguid,
                credential_id: passkey.credential_id.as_bytes(),
                public_key: passkey.private_key.public_key(),
            }),
            extensions: self.creation_outputs(request, passkey, hmac_secret, verified)?.into_map(),
        };
        let authenticator_data = data.encode()?;
        Ok(Attestation {
            statement: self.statement(request, passkey, &authenticator_data)?,
            authenticator_data,
            credential_id: passkey.credential_id.clone(),
            public_key: passkey.private_key.public_key().clone(),
            prf: request.prf.as_ref().map(|salts| PrfOutput::evaluate(&passkey.cred_random_with_uv, salts)),
            large_blob_key: request.extensions.large_blob_key.then(|| passkey.large_blob_key()),
        })
    }

    fn statement(
        &mut self,
        request: &MakeCredential,
        passkey: &Passkey,
        authenticator_data: &[u8],
    ) -> Result<AttestationStatement, CtapError> {
        match request.attestation {
            AttestationFormat::None => Ok(AttestationStatement::None),
            AttestationFormat::Device => {
                let message = [authenticator_data, &request.client_data_hash].concat();
                let attested = self.store.witness().and_then(|witness| witness.attest(&passkey.rp_id, &message));
                Ok(attested.map_or(AttestationStatement::None, AttestationStatement::Packed))
            }
            AttestationFormat::PackedSelf => {
                let message = [authenticator_data, &request.client_data_hash].concat();
                let signature = passkey.private_key.sign(&message, &mut self.rng)?;
                Ok(AttestationStatement::PackedSelf { algorithm: passkey.private_key.algorithm().cose_id(), signature })
            }
        }
    }

    fn creation_outputs(
        &mut self,
        request: &MakeCredential,
        passkey: &Passkey,
        hmac_secret: Option<&OpenedHmacSecret>,
        verified: bool,
    ) -> Result<Outputs, CtapError> {
        let asked = &request.extensions;
        let mut outputs = Outputs::default();
        if let Some(policy) = asked.cred_protect {
            outputs.add(Outputs::CRED_PROTECT, Value::from(policy.level()));
        }
        if asked.cred_blob.is_some() {
            outputs.add(Outputs::CRED_BLOB, Value::from(kept_blob(request).is_some()));
        }
        if asked.hmac_secret {
            outputs.add(Outputs::HMAC_SECRET, Value::from(true));
        }
        if let Some(opened) = hmac_secret {
            outputs.add(Outputs::HMAC_SECRET_AT_CREATION, opened.evaluate(passkey, verified, &mut self.rng)?);
        }
        if asked.min_pin_length {
            let state = self.store.device()?;
            if state.min_pin_rp_ids.contains(&passkey.rp_id) {
                outputs.add(Outputs::MIN_PIN_LENGTH, Value::from(state.min_pin_length));
            }
        }
        Ok(outputs)
    }
}

fn blueprint(model: Model, algorithm: Algorithm, request: &MakeCredential, now: UnixMillis) -> Blueprint {
    Blueprint {
        algorithm,
        rp_id: request.relying_party.id.clone(),
        user: request.user.clone(),
        created_at: now,
        backup_eligibility: model.backup_eligibility,
        discoverability: request.discoverability,
        cred_protect: request.extensions.cred_protect.unwrap_or_default(),
        cred_blob: Zeroizing::new(kept_blob(request).unwrap_or_default().to_vec()),
    }
}

/// The bytes to keep with the passkey, if they are not too many.
fn kept_blob(request: &MakeCredential) -> Option<&[u8]> {
    request.extensions.cred_blob.as_deref().filter(|blob| blob.len() <= MAX_CRED_BLOB)
}

fn prompt(request: &MakeCredential, action: Action, verification: VerificationRequirement) -> Prompt<'_> {
    Prompt {
        action,
        relying_party: Some(&request.relying_party),
        accounts: std::slice::from_ref(&request.user),
        verification,
        answer_within: None,
    }
}

/// The most bytes of a credBlob: what CTAP 2.1 §12.2 asks for at least.
pub const MAX_CRED_BLOB: usize = 32;
