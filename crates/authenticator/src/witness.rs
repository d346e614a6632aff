use crate::{BackupEligibility, CredentialId, PublicKey, RpId};

/// What vouches for this device to relying parties that want it: an evidence key of the device, pairwise to each of them, which the
/// tenant of its account has certified. Only our own client asks for it: what platforms did not ask for, they refuse.
pub trait Witness {
    /// Attests a new passkey by `packed` with certificates (WebAuthn §8.2): the key's signature (ES256, DER) over `message`, which is
    /// authenticator data ‖ client data hash; `None` where the relying party wants nothing of it.
    fn attest(&self, rp_id: &RpId, message: &[u8]) -> Option<Attested>;

    /// The output of the extension [`EXTENSION`] behind an assertion, one item of CBOR; `None` where the relying party wants
    /// nothing of it.
    fn vouch(&self, rp_id: &RpId, presented: &Presented<'_>) -> Option<Vec<u8>>;

    /// What a new passkey shall state of itself; the authenticator has its own key sign that behind [`STATEMENT`]. `None` where nobody
    /// wants to know.
    fn statement(
        &self,
        rp_id: &RpId,
        credential_id: &CredentialId,
        public_key: &PublicKey,
        backup_eligibility: BackupEligibility,
    ) -> Option<Vec<u8>>;
}

/// An attestation by the device's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// ES256, DER.
    pub signature: Vec<u8>,
    /// X.509, DER: the key's first, each certified by the next.
    pub certificates: Vec<Vec<u8>>,
}

/// An assertion, as the device vouches for it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The flags of its authenticator data.
    pub flags: u8,
    /// The passkey.
    pub credential_id: &'a CredentialId,
    /// SHA-256 of the serialized client data.
    pub client_data_hash: &'a [u8; 32],
}

/// The extension that tells relying parties which device signed.
pub const EXTENSION: &str = "keyfoldDevice";
/// What stands before a statement that a passkey's own key signs: 32 bytes of ASCII, which are the hash of no RP id, with which
/// all else begins that it signs.
pub const STATEMENT: &[u8; 32] = b"keyfold/v1/evidence/credential//";
