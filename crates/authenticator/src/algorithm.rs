/// A signature algorithm that this authenticator makes credentials for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; COSE identifier −7. Signatures are ASN.1 DER.
    Es256,
    /// EdDSA on Ed25519; COSE identifier −8. Signatures are 64 bytes.
    EdDsa,
}

impl Algorithm {
    /// The COSEAlgorithmIdentifier (RFC 9053, WebAuthn §5.8.5).
    pub fn cose_id(self) -> i64 {
        match self {
            Algorithm::Es256 => -7,
            Algorithm::EdDsa => -8,
        }
    }

    /// The algorithm with this COSE identifier, if it is one of ours.
    pub fn from_cose_id(id: i64) -> Option<Self> {
        match id {
            -7 => Some(Algorithm::Es256),
            -8 => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}
