use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_cert::{
    certificate::Certificate,
    der::{Decode, Encode},
};

/// What a certificate says of itself that has signed itself: a root's, read from where others may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfSigned {
    /// Its key: a P-256 point (SEC 1, uncompressed).
    pub key: [u8; 65],
    /// Whose it is, and by whom (DER).
    pub subject: Vec<u8>,
    /// Its number (DER).
    pub serial: Vec<u8>,
}

impl SelfSigned {
    /// Of a certificate (DER). `None` if its own key has not signed it, with ECDSA over P-256 and SHA-256.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let tbs = certificate.tbs_certificate();
        if tbs.issuer() != tbs.subject() || tbs.signature() != certificate.signature_algorithm() {
            return None;
        }
        let key = tbs.subject_public_key_info().subject_public_key.as_bytes()?;
        let signed = tbs.to_der().ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
            .verify(&signed, certificate.signature().as_bytes()?)
            .ok()?;
        let subject = tbs.subject().to_der().ok()?;
        Some(Self { key: key.try_into().ok()?, subject, serial: tbs.serial_number().to_der().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use keyfold_evidence::{Day, issue::Names};

    use super::*;
    use crate::authority::Root;

    #[test]
    fn nobody_changes_a_root_unnoticed() {
        let names = Names { country: "DE".into(), organization: "Example Ltd.".into() };
        let root = Root::generate(names, Day(20_000)..Day(20_365)).unwrap();
        let [certificate, metadata] = root.certificates();
        assert_ne!(SelfSigned::of(certificate).unwrap().key, SelfSigned::of(metadata).unwrap().key);
        for bit in 0..certificate.len() * 8 {
            let mut changed = certificate.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(SelfSigned::of(&changed).is_none(), "bit {bit}");
        }
    }
}
