use tss_esapi::{
    Context,
    handles::{NvIndexTpmHandle, TpmHandle},
    interface_types::{resource_handles::NvAuth, session_handles::AuthSession},
};

use super::{EndorsementKey, Tpm, TpmError, endorsement::find, handles::closed_after, storage::password_or};

/// A manufacturer's certificate for an endorsement key, as the TPM keeps it. It identifies the machine for ever: it is for one's own
/// tenant, and never for a relying party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndorsementCertificate {
    /// Of which key.
    pub(crate) key: EndorsementKey,
    /// X.509, DER. Not verified here.
    pub(crate) der: Vec<u8>,
}

impl Tpm {
    /// The certificates that the manufacturer put into the TPM. Some put none there, and offer them on the web by the key's
    /// hash: these TPMs can't be told from others here.
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
