use tss_esapi::{
    constants::tss::{TPM2_RH_NULL, TPM2_ST_HASHCHECK},
    interface_types::algorithm::HashingAlgorithm,
    structures::{Digest, HashScheme, HashcheckTicket, SignatureScheme},
    tss2_esys::TPMT_TK_HASHCHECK,
};

use super::{
    BoundKey, KeyAuth, Signature, Tpm, TpmError, area::Purpose, auth::Guesses, key::StorageKey, lockout,
    storage::with_storage,
};

impl Tpm {
    /// Has the TPM make a P-256 key that signs by ECDSA: it can't be taken out, not even to this TPM's other storage keys
    /// (fixedTPM, fixedParent), and was not brought in (sensitiveDataOrigin).
    ///
    /// Give the storage key of one that was made before, best of an attestation key that a server has bound to this TPM:
    /// without, whoever sits between this process and the chip can play the chip, be told `auth`, and is found out only
    /// when the key is certified.
    pub(crate) fn create(&mut self, auth: &KeyAuth, below: Option<&StorageKey>) -> Result<BoundKey, TpmError> {
        let purpose = Purpose::Passkey(auth.kind());
        let value = auth.value()?;
        let key =
            with_storage(&mut self.context, below, |context, storage| storage.create(context, purpose, Some(value)))?;
        BoundKey::new(key).map_err(|_| TpmError::Nonsense("a key for another purpose"))
    }

    /// Signs a SHA-256 digest.
    pub(crate) fn sign(&mut self, key: &BoundKey, auth: &KeyAuth, digest: &[u8; 32]) -> Result<Signature, TpmError> {
        let guesses = authorised_by(key, auth)?;
        let key = key.wrapped();
        with_storage(&mut self.context, Some(&StorageKey(key.parent)), |context, storage| {
            storage.with_loaded(context, key, |context, loaded| {
                context.tr_set_auth(loaded.into(), auth.value()?)?;
                let digest = Digest::try_from(digest.as_slice())?;
                let scheme = SignatureScheme::EcDsa { hash_scheme: HashScheme::new(HashingAlgorithm::Sha256) };
                let ticket = made_outside()?;
                let signed = context.execute_with_session(Some(storage.session()), |context| {
                    context.sign(loaded, digest, scheme, ticket)
                });
                match signed {
                    Ok(signature) => Signature::read(&signature),
                    Err(error) => Err(lockout::refused(context, guesses, error)),
                }
            })
        })
    }
}

/// How wrong guesses at a key's authorisation go. One of the other kind can't be right, and the TPM is not asked.
pub(super) fn authorised_by(key: &BoundKey, auth: &KeyAuth) -> Result<Guesses, TpmError> {
    if key.wrapped().purpose() == Purpose::Passkey(auth.kind()) { Ok(auth.kind()) } else { Err(TpmError::WrongSecret) }
}

/// The ticket for a digest that the TPM did not compute (the NULL ticket of Part 2).
fn made_outside() -> Result<HashcheckTicket, TpmError> {
    let digest = Digest::default().into();
    Ok(HashcheckTicket::try_from(TPMT_TK_HASHCHECK { tag: TPM2_ST_HASHCHECK, hierarchy: TPM2_RH_NULL, digest })?)
}
