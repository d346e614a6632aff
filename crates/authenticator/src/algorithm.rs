/// A signature algorithm that this authenticator makes credentials for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; COSE identifier −7. Signatures are ASN.1 DER.
    Es256,
    /// EdDSA on Ed25519; COSE identifier −8. Signatures are 64 bytes.
    EdDsa,
    /// ECDSA on P-384 with SHA-384; COSE identifier −35. Signatures are ASN.1 DER.
    Es384,
    /// ML-DSA-44 (FIPS 204), without a context; COSE identifier −48. Signatures are 2,420 bytes.
    MlDsa44,
}

impl Algorithm {
    /// All of them, in the order in which *authenticatorGetInfo* lists them.
    pub const ALL: [Algorithm; 4] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384, Algorithm::MlDsa44];

    /// The COSEAlgorithmIdentifier (RFC 9053, WebAuthn §5.8.5; RFC 9964 for ML-DSA).
    pub fn cose_id(self) -> i64 {
        match self {
            Algorithm::Es256 => -7,
            Algorithm::EdDsa => -8,
            Algorithm::Es384 => -35,
            Algorithm::MlDsa44 => -48,
        }
    }

    /// The algorithm with this COSE identifier, if it is one of ours.
    pub fn from_cose_id(id: i64) -> Option<Self> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.cose_id() == id)
    }

    /// The length of a private key in bytes: a scalar, or the seed of RFC 8032 or FIPS 204.
    pub fn private_key_length(self) -> usize {
        match self {
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::MlDsa44 => 32,
            Algorithm::Es384 => 48,
        }
    }
}
