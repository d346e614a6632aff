use tss_esapi::{
    Context,
    abstraction::{AsymmetricAlgorithmSelection, DefaultKey, ek},
    handles::{KeyHandle, NvIndexTpmHandle, ObjectHandle, PersistentTpmHandle, TpmHandle},
    interface_types::{
        ecc::EccCurve,
        key_bits::RsaKeyBits,
        resource_handles::{Hierarchy, NvAuth},
        session_handles::AuthSession,
    },
    structures::Public,
};

use super::{
    Tpm, TpmError,
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

/// A manufacturer's certificate for an endorsement key, as the TPM keeps it. It identifies the machine for ever: it is for one's own
/// tenant, and never for a relying party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndorsementCertificate {
    /// Of which key.
    pub(crate) key: EndorsementKey,
    /// X.509, DER. Not verified here.
    pub(crate) der: Vec<u8>,
}

impl EndorsementKey {
    /// All of them, those first that are fast to make.
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::Rsa2048, Self::P384];

    /// Where its certificate lies.
    const fn index(self) -> u32 {
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

impl Tpm {
    /// The certificates that the manufacturer put into the TPM. Some put none there, and offer them on the web by the key's hash: these
    /// TPMs can't be told from others here.
    pub(crate) fn endorsement_certificates(&mut self) -> Result<Vec<EndorsementCertificate>, TpmError> {
        let mut certificates = Vec::new();
        for key in EndorsementKey::ALL {
            if let Some(der) = certificate(&mut self.context, key.index())? {
                certificates.push(EndorsementCertificate { key, der });
            }
        }
        Ok(certificates)
    }
}

fn certificate(context: &mut Context, index: u32) -> Result<Option<Vec<u8>>, TpmError> {
    let Some(index) = find(context, TpmHandle::NvIndex(NvIndexTpmHandle::new(index)?))? else {
        return Ok(None);
    };
    closed_after(context, index, |context| {
        let (public, _) = context.execute_without_session(|context| context.nv_read_public(index.into()))?;
        let size = public.data_size();
        if size > MAX_CERTIFICATE {
            return Err(TpmError::Nonsense("a certificate of that length"));
        }
        let mut bytes = Vec::with_capacity(size);
        while bytes.len() < size {
            let chunk = u16::try_from((size - bytes.len()).min(CHUNK)).unwrap_or_default();
            let offset = u16::try_from(bytes.len()).unwrap_or_default();
            let read = context
                .execute_with_session(Some(AuthSession::Password), |context| {
                    context.nv_read(NvAuth::NvIndex(index.into()), index.into(), chunk, offset)
                })
                .map_err(password_or)?;
            if read.value().is_empty() {
                return Err(TpmError::Nonsense("a certificate that ends early"));
            }
            bytes.extend_from_slice(read.value());
        }
        without_padding(&bytes).map(Some).ok_or(TpmError::Nonsense("a certificate that is none"))
    })
}

/// The DER SEQUENCE (of 256 to 65,535 bytes) at the front. Manufacturers make the index larger than what they write to it.
fn without_padding(bytes: &[u8]) -> Option<Vec<u8>> {
    let [0x30, 0x82, high, low, ..] = bytes else {
        return None;
    };
    Some(bytes.get(..4 + usize::from(u16::from_be_bytes([*high, *low])))?.to_vec())
}

/// What lies in the TPM for good, if there is anything.
fn find(context: &mut Context, handle: TpmHandle) -> Result<Option<ObjectHandle>, TpmError> {
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
/// Every TPM reads so many bytes at once.
const CHUNK: usize = 512;
/// Certificates have one or two thousand.
const MAX_CERTIFICATE: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_ends_where_it_says() {
        let mut bytes = vec![0x30, 0x82, 0x01, 0x00];
        bytes.extend([7; 256]);
        assert_eq!(without_padding(&bytes).unwrap(), bytes);
        let padded = [bytes.as_slice(), &[0xff; 100]].concat();
        assert_eq!(without_padding(&padded).unwrap(), bytes);
        for cut in [0, 3, 4, 259] {
            assert_eq!(without_padding(&bytes[..cut]), None);
        }
        assert_eq!(without_padding(&[0xff; 512]), None);
    }
}
