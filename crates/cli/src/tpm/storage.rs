use tss_esapi::{
    Context,
    handles::KeyHandle,
    interface_types::{resource_handles::Hierarchy, session_handles::AuthSession},
    structures::{Auth, Private},
    traits::Marshall,
};

use super::{
    TpmError,
    area::{self, Purpose},
    error::Objection,
    handles::flushed_after,
    key::{Name, StorageKey, Wrapped},
    session,
};

/// The storage key, loaded, and a session salted to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    handle: KeyHandle,
    name: Name,
    session: AuthSession,
}

/// With the storage key of this TPM. If it is `known`, nothing is sent to another one.
///
/// It is created anew each time, and comes out the same. The one that many systems keep at 0x81000001 would save some 100 ms, but
/// not safely: tpm2-tss takes its name and its public area from one unauthenticated answer and does not compare them (as it does
/// for a key that is created), so that whoever sits in between could have the salt encrypted to a key of their own.
pub(super) fn with_storage<T>(
    context: &mut Context,
    known: Option<&StorageKey>,
    work: impl FnOnce(&mut Context, Storage) -> Result<T, TpmError>,
) -> Result<T, TpmError> {
    let template = area::storage_key()?;
    let created = context.execute_with_session(Some(AuthSession::Password), |context| {
        context.create_primary(Hierarchy::Owner, template, None, None, None, None)
    });
    let handle = created.map_err(password_or)?.key_handle;
    flushed_after(context, handle.into(), |context| {
        let name = context.tr_get_name(handle.into())?;
        let name = Name::try_from(name.value()).map_err(|_| TpmError::Nonsense("a name of another length"))?;
        if known.is_some_and(|known| known.0 != name) {
            return Err(TpmError::NotItsKey);
        }
        session::with_salted(context, handle, |context, session| work(context, Storage { handle, name, session }))
    })
}

impl Storage {
    /// The session, whose attributes stay as they are.
    pub(super) const fn session(&self) -> AuthSession {
        self.session
    }

    /// Has a key made below it.
    pub(super) fn create(
        &self,
        context: &mut Context,
        purpose: Purpose,
        auth: Option<Auth>,
    ) -> Result<Wrapped, TpmError> {
        let template = purpose.template()?;
        let made = context
            .execute_with_session(Some(self.session), |context| {
                context.create(self.handle, template, auth, None, None, None)
            })
            .map_err(password_or)?;
        let public = made.out_public.marshall()?;
        let wrapped = Wrapped::new(made.out_private.value(), &public, self.name)
            .map_err(|_| TpmError::Nonsense("another key than it was asked for"))?;
        if wrapped.purpose() == purpose { Ok(wrapped) } else { Err(TpmError::Nonsense("a key for another purpose")) }
    }

    /// Loads a key that was made below it, and flushes it in the end.
    pub(super) fn with_loaded<T>(
        &self,
        context: &mut Context,
        key: &Wrapped,
        work: impl FnOnce(&mut Context, KeyHandle) -> Result<T, TpmError>,
    ) -> Result<T, TpmError> {
        let private = Private::try_from(key.private.as_slice())?;
        let public = area::unmarshalled(&key.public)?;
        let loaded = context
            .execute_with_session(Some(self.session), |context| context.load(self.handle, private, public))
            .map_err(|error| match Objection::of(error) {
                Objection::Input => TpmError::NotItsKey,
                _ => password_or(error),
            })?;
        flushed_after(context, loaded.into(), |context| work(context, loaded))
    }
}

/// Where no password is given, the TPM objects to that if there is one.
pub(super) fn password_or(error: tss_esapi::Error) -> TpmError {
    match Objection::of(error) {
        Objection::Auth | Objection::CountedAuth => TpmError::HasPassword,
        _ => error.into(),
    }
}
