use tss_esapi::{
    Context,
    abstraction::{AsymmetricAlgorithmSelection, DefaultKey, ek},
    handles::{KeyHandle, ObjectHandle, PersistentTpmHandle, TpmHandle},
    interface_types::{ecc::EccCurve, key_bits::RsaKeyBits, resource_handles::Hierarchy, session_handles::AuthSession},
    structures::Public,
};

use super::{
    TpmError,
    error::Objection,
    handles::{closed_after, flushed_after},
    storage::password_or,
};

/// Which endorsement key: what a manufacturer certifies, by the TCG's EK credential profile. The kind fixes all of its public area
/// but for the key itself, which a server takes from the certificate and never from this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndorsementKey {
    /// Template L-2.
    P256,
    /// Template L-1.
    Rsa2048,
    /// Template H-3.
    P384,
}

impl EndorsementKey {
    /// All of them, those first that are fast to make.
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::Rsa2048, Self::P384];

    /// Where its certificate lies.
    pub(super) const fn index(self) -> u32 {
        match self {
            Self::P256 => 0x01c0_000a,
            Self::Rsa2048 => 0x01c0_0002,
            Self::P384 => 0x01c0_0016,
        }
    }

    fn template(self) -> Result<Public, TpmError> {
        let algorithm = match self {
            Self::P256 => AsymmetricAlgorithmSelection::Ecc(EccCurve::NistP256),
            Self::Rsa2048 => AsymmetricAlgorithmSelection::Rsa(RsaKeyBits::Rsa2048),
            Self::P384 => AsymmetricAlgorithmSelection::Ecc(EccCurve::NistP384),
        };
        Ok(ek::create_ek_public_from_default_template_2(algorithm, DefaultKey)?)
    }

    /// Loads it, and flushes it in the end. No secret is sent to it, so that here a kept one will do.
    pub(super) fn with_loaded<T>(
        self,
        context: &mut Context,
        work: impl FnOnce(&mut Context, KeyHandle) -> Result<T, TpmError>,
    ) -> Result<T, TpmError> {
        if let Some(kept) = self.kept(context)? {
            return closed_after(context, kept, |context| work(context, kept.into()));
        }
        let template = self.template()?;
        let created = context.execute_with_session(Some(AuthSession::Password), |context| {
            context.create_primary(Hierarchy::Endorsement, template, None, None, None, None)
        });
        let made = created.map_err(password_or)?.key_handle;
        flushed_after(context, made.into(), |context| work(context, made))
    }

    /// RSA keys take seconds to make: systems keep theirs.
    fn kept(self, context: &mut Context) -> Result<Option<ObjectHandle>, TpmError> {
        if self != Self::Rsa2048 {
            return Ok(None);
        }
        let Some(mut kept) = find(context, TpmHandle::Persistent(PersistentTpmHandle::new(KEPT_RSA)?))? else {
            return Ok(None);
        };
        let read = context.execute_without_session(|context| context.read_public(kept.into()));
        match (read, self.template()) {
            (Ok((public, _, _)), Ok(template)) if alike(&public, &template) => Ok(Some(kept)),
            (read, template) => {
                context.tr_close(&mut kept)?;
                read?;
                template?;
                Ok(None)
            }
        }
    }
}

/// What lies in the TPM for good, if there is anything.
pub(super) fn find(context: &mut Context, handle: TpmHandle) -> Result<Option<ObjectHandle>, TpmError> {
    match context.execute_without_session(|context| context.tr_from_tpm_public(handle)) {
        Ok(found) => Ok(Some(found)),
        Err(error) if Objection::of(error) == Objection::Handle => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// But for the key itself.
fn alike(public: &Public, template: &Public) -> bool {
    match (public, template) {
        (
            Public::Rsa { object_attributes, name_hashing_algorithm, auth_policy, parameters, .. },
            Public::Rsa {
                object_attributes: attributes,
                name_hashing_algorithm: hash,
                auth_policy: policy,
                parameters: of_template,
                ..
            },
        ) => {
            object_attributes == attributes
                && name_hashing_algorithm == hash
                && auth_policy == policy
                && parameters == of_template
        }
        _ => false,
    }
}

/// Of the TCG's registry of reserved handles.
const KEPT_RSA: u32 = 0x8101_0001;
