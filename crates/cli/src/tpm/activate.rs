use tss_esapi::{
    Context,
    handles::{AuthHandle, KeyHandle},
    interface_types::session_handles::{AuthSession, PolicySession},
    structures::{Digest, EncryptedSecret, IdObject, Nonce},
};
use zeroize::Zeroizing;

use super::{
    AttestationKey, EndorsementKey, Tpm, TpmError,
    error::Objection,
    key::StorageKey,
    session,
    storage::{Storage, password_or, with_storage},
};

/// What a server made of a secret by TPM2_MakeCredential, for one endorsement key and the name of one attestation key: the TPM that
/// holds both, and no other, gives the secret out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The contents of a TPM2B_ID_OBJECT.
    pub(crate) credential: Vec<u8>,
    /// The contents of a TPM2B_ENCRYPTED_SECRET.
    pub(crate) secret: Vec<u8>,
}

impl Tpm {
    /// Answers a challenge: the secret, for the server to compare.
    pub(crate) fn activate(
        &mut self,
        by: &AttestationKey,
        endorsement: EndorsementKey,
        challenge: &Challenge,
    ) -> Result<Zeroizing<Vec<u8>>, TpmError> {
        let credential = IdObject::try_from(challenge.credential.as_slice()).map_err(|_| TpmError::NotItsChallenge)?;
        let secret = EncryptedSecret::try_from(challenge.secret.as_slice()).map_err(|_| TpmError::NotItsChallenge)?;
        let by = by.wrapped();
        with_storage(&mut self.context, Some(&StorageKey(by.parent)), |context, storage| {
            storage.with_loaded(context, by, |context, attestation| {
                endorsement.with_loaded(context, |context, key| {
                    authorised(context, endorsement, storage, |context, session| {
                        let sessions = (Some(storage.session()), Some(session), None);
                        let known = activated(context, sessions, (attestation, key), credential, secret)?;
                        Ok(Zeroizing::new(known.value().to_vec()))
                    })
                })
            })
        })
    }
}

type Sessions = (Option<AuthSession>, Option<AuthSession>, Option<AuthSession>);

fn activated(
    context: &mut Context,
    sessions: Sessions,
    (attestation, endorsement): (KeyHandle, KeyHandle),
    credential: IdObject,
    secret: EncryptedSecret,
) -> Result<Digest, TpmError> {
    context
        .execute_with_sessions(sessions, |context| {
            context.activate_credential(attestation, endorsement, credential, secret)
        })
        .map_err(|error| match Objection::of(error) {
            // The latter is what libtpms says of what it can't decrypt by RSA. One that really fails has done so before, at
            // the first command.
            Objection::Input | Objection::Failure => TpmError::NotItsChallenge,
            _ => password_or(error),
        })
}

/// With what the endorsement key is authorised by. The older templates have a policy: to know the endorsement hierarchy's
/// password. The newer ones may be used by their own, which is empty.
fn authorised<T>(
    context: &mut Context,
    endorsement: EndorsementKey,
    storage: Storage,
    work: impl FnOnce(&mut Context, AuthSession) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    match endorsement {
        EndorsementKey::P384 => work(context, AuthSession::Password),
        EndorsementKey::P256 | EndorsementKey::Rsa2048 => session::with_policy(context, |context, session| {
            let policy = PolicySession::try_from(session)?;
            context
                .execute_with_session(Some(storage.session()), |context| {
                    let (nonce, bound, reference) = (Nonce::default(), Digest::default(), Nonce::default());
                    context.policy_secret(policy, AuthHandle::Endorsement, nonce, bound, reference, None)
                })
                .map_err(password_or)?;
            work(context, session)
        }),
    }
}
