use tss_esapi::{
    Context,
    attributes::SessionAttributesBuilder,
    constants::SessionType,
    handles::{KeyHandle, SessionHandle},
    interface_types::{algorithm::HashingAlgorithm, session_handles::AuthSession},
    structures::SymmetricDefinition,
};

use super::{TpmError, handles::flushed_after};

/// With a session whose keys nobody knows but the TPM that holds `parent` and this process: a salt is sent encrypted to it
/// (Part 1, "Salted Sessions"). Authorisations are HMACs under these keys, so that they can't be replayed, and a guess at a
/// PIN can't be tried on what was recorded; the first parameter, both ways, is encrypted by AES-128-CFB where a command
/// allows that.
pub(super) fn with_salted<T>(
    context: &mut Context,
    parent: KeyHandle,
    work: impl FnOnce(&mut Context, AuthSession) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    with(context, Some(parent), SessionType::Hmac, |context, session| {
        let (attributes, mask) = SessionAttributesBuilder::new().with_decrypt(true).with_encrypt(true).build();
        context.tr_sess_set_attributes(session, attributes, mask)?;
        work(context, session)
    })
}

/// With a session that policies are asserted in. It carries no secret.
pub(super) fn with_policy<T>(
    context: &mut Context,
    work: impl FnOnce(&mut Context, AuthSession) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    with(context, None, SessionType::Policy, work)
}

fn with<T>(
    context: &mut Context,
    salt_to: Option<KeyHandle>,
    kind: SessionType,
    work: impl FnOnce(&mut Context, AuthSession) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    let session = context
        .execute_without_session(|context| {
            let symmetric = SymmetricDefinition::AES_128_CFB;
            context.start_auth_session(salt_to, None, None, kind, symmetric, HashingAlgorithm::Sha256)
        })?
        .ok_or(TpmError::Nonsense("no session"))?;
    flushed_after(context, SessionHandle::from(session).into(), |context| work(context, session))
}
