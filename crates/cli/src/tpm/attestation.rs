use tss_esapi::{
    interface_types::session_handles::AuthSession,
    structures::{Attest, Data, Signature as TpmSignature, SignatureScheme},
    traits::Marshall,
};

use super::{
    AttestationKey, BoundKey, KeyAuth, Pcrs, Signature, Tpm, TpmError, area::Purpose, key::StorageKey, lockout,
    signing::authorised_by, storage::with_storage,
};

/// A TPM's word that a key lies in it. For this to be worth something, a server checks all of it:
///
/// - `signature` is `ak_public`'s over `attest`; `ak_public` says restricted, fixedTPM, fixedParent and sensitiveDataOrigin (another
///   key would sign a forged `attest`), and was bound to a known TPM by a challenge ([`Tpm::activate`]);
/// - `attest` (TPMS_ATTEST) begins with TPM_GENERATED_VALUE, is of type TPM_ST_ATTEST_CERTIFY and carries the server's nonce;
/// - its name is that of `public` (0x000b ‖ SHA-256), whose point is the passkey's and whose attributes say fixedTPM, fixedParent
///   and sensitiveDataOrigin;
/// - its qualified name is that of `public` below `parent` below the owner hierarchy, and that of its signer likewise that of
///   `ak_public`: had somebody between this process and the chip played the storage key, they would not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certification {
    /// What was signed: a TPMS_ATTEST.
    pub(crate) attest: Vec<u8>,
    /// By the attestation key, over the SHA-256 of that.
    pub(crate) signature: Signature,
    /// The public area of the key, a TPMT_PUBLIC.
    pub(crate) public: Vec<u8>,
    /// The name of the storage key that both lie below.
    pub(crate) parent: [u8; 34],
    /// The public area of the attestation key.
    pub(crate) ak_public: Vec<u8>,
}

/// A TPM's word for what was measured since the machine started. A server checks what it checks of a [`Certification`], as far as it
/// is there; with the signer's qualified name, it also makes sure of the storage key before any PIN is used below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quotation {
    /// What was signed: a TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE.
    pub(crate) attest: Vec<u8>,
    /// By the attestation key, over the SHA-256 of that.
    pub(crate) signature: Signature,
    /// The registers and what they held. Unsigned: `attest` has the SHA-256 of all values in this order. If they do not fit, one
    /// changed in between: ask again.
    pub(crate) values: Vec<(u8, [u8; 32])>,
    /// The name of the storage key that the attestation key lies below.
    pub(crate) parent: [u8; 34],
    /// The public area of the attestation key.
    pub(crate) ak_public: Vec<u8>,
}

impl Tpm {
    /// Has the TPM make a key that signs its own word: P-256, restricted.
    pub(crate) fn create_attestation_key(&mut self) -> Result<AttestationKey, TpmError> {
        let key = with_storage(&mut self.context, None, |context, storage| {
            storage.create(context, Purpose::Attestation, None)
        })?;
        AttestationKey::new(key).map_err(|_| TpmError::Nonsense("a key for another purpose"))
    }

    /// Has the TPM say, over a server's nonce, that a key lies in it. The key's holder must agree: it takes its `auth`.
    pub(crate) fn certify(
        &mut self,
        key: &BoundKey,
        auth: &KeyAuth,
        by: &AttestationKey,
        nonce: &[u8; 32],
    ) -> Result<Certification, TpmError> {
        let guesses = authorised_by(key, auth)?;
        let (key, by) = (key.wrapped(), by.wrapped());
        let (attest, signature) =
            with_storage(&mut self.context, Some(&StorageKey(key.parent)), |context, storage| {
                storage.with_loaded(context, key, |context, loaded| {
                    storage.with_loaded(context, by, |context, signer| {
                        context.tr_set_auth(loaded.into(), auth.value()?)?;
                        let nonce = Data::try_from(nonce.as_slice())?;
                        let sessions = (Some(storage.session()), Some(AuthSession::Password), None);
                        context
                            .execute_with_sessions(sessions, |context| {
                                context.certify(loaded.into(), signer, nonce, SignatureScheme::Null)
                            })
                            .map_err(|error| lockout::refused(context, guesses, error))
                    })
                })
            })?;
        let (attest, signature) = written(&attest, &signature)?;
        Ok(Certification {
            attest,
            signature,
            public: key.public.clone(),
            parent: key.parent,
            ak_public: by.public.clone(),
        })
    }

    /// Has the TPM say, over a server's nonce, what the registers hold.
    pub(crate) fn quote(&mut self, by: &AttestationKey, nonce: &[u8; 32], pcrs: &Pcrs) -> Result<Quotation, TpmError> {
        let by = by.wrapped();
        let selection = pcrs.selection()?;
        let values = pcrs.read(&mut self.context)?;
        let (attest, signature) = with_storage(&mut self.context, Some(&StorageKey(by.parent)), |context, storage| {
            storage.with_loaded(context, by, |context, signer| {
                let nonce = Data::try_from(nonce.as_slice())?;
                Ok(context.execute_with_session(Some(storage.session()), |context| {
                    context.quote(signer, nonce, SignatureScheme::Null, selection)
                })?)
            })
        })?;
        let (attest, signature) = written(&attest, &signature)?;
        Ok(Quotation { attest, signature, values, parent: by.parent, ak_public: by.public.clone() })
    }
}

fn written(attest: &Attest, signature: &TpmSignature) -> Result<(Vec<u8>, Signature), TpmError> {
    Ok((attest.marshall()?, Signature::read(signature)?))
}
