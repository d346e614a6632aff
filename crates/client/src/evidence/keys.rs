use keyfold_evidence::{Class, possession};
use keyfold_wire::v1::{EvidenceClass, EvidenceKey, EvidenceKeyRecord};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    },
};

/// Evidence keys: P-256, this device's own.
pub(super) trait EvidenceKeys: Sized {
    /// Draws one.
    fn draw(class: Class) -> Option<Self>;

    /// Of which passkeys it gives evidence.
    fn is_of(&self, class: Class) -> bool;

    /// Whether it has a leaf that counts, as far as its tenant has told.
    fn counts(&self, generation: &[u8], now: u64) -> bool;

    /// SEC 1, uncompressed.
    fn point(&self) -> Option<[u8; 65]>;

    /// As the tenant is asked for a leaf.
    fn asked(&self, owner: &possession::Owner<'_>) -> Option<EvidenceKey>;

    /// r ‖ s, with the lower of both s.
    fn sign(&self, message: &[u8]) -> Option<[u8; 64]>;

    /// DER.
    fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>>;
}

impl EvidenceKeys for EvidenceKeyRecord {
    fn draw(class: Class) -> Option<Self> {
        let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).ok()?;
        Some(Self {
            class: number(class).into(),
            secret: drawn.as_ref().to_vec(),
            leaf: Vec::new(),
            leaf_until: 0,
            rp_id: String::new(),
            generation: Vec::new(),
        })
    }

    fn is_of(&self, class: Class) -> bool {
        self.class == i32::from(number(class))
    }

    fn counts(&self, generation: &[u8], now: u64) -> bool {
        !self.leaf.is_empty() && self.leaf_until > now && self.generation == generation
    }

    fn point(&self) -> Option<[u8; 65]> {
        pair(self, &ECDSA_P256_SHA256_FIXED_SIGNING)?.public_key().as_ref().try_into().ok()
    }

    fn asked(&self, owner: &possession::Owner<'_>) -> Option<EvidenceKey> {
        let point = self.point()?;
        let possession = self.sign(&possession::message(owner, &point))?;
        Some(EvidenceKey { class: self.class, key: point.to_vec(), possession: possession.to_vec() })
    }

    fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        let pair = pair(self, &ECDSA_P256_SHA256_FIXED_SIGNING)?;
        // ring draws a nonce each time: one in two signatures has the lower s.
        (0..DRAWS).find_map(|_| {
            let signature: [u8; 64] = pair.sign(&SystemRandom::new(), message).ok()?.as_ref().try_into().ok()?;
            is_low(&signature).then_some(signature)
        })
    }

    fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = pair(self, &ECDSA_P256_SHA256_ASN1_SIGNING)?.sign(&SystemRandom::new(), message).ok()?;
        Some(signature.as_ref().to_vec())
    }
}

const fn number(class: Class) -> EvidenceClass {
    match class {
        Class::Synced => EvidenceClass::Synced,
        Class::DeviceBound => EvidenceClass::DeviceBound,
    }
}

fn pair(key: &EvidenceKeyRecord, algorithm: &'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(algorithm, &key.secret, &SystemRandom::new()).ok()
}

/// Whether s is surely at most half of the group's order: those between are refused here, and drawn again.
fn is_low(signature: &[u8; 64]) -> bool {
    signature.get(32).is_some_and(|first| *first < 0x7f)
}

/// All of these fail once in 2^128.
const DRAWS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_counts_until_its_end_and_while_its_generation_is_the_tenants() {
        let mut key = EvidenceKeyRecord::default();
        (key.leaf_until, key.generation) = (10, vec![1; 32]);
        assert!(!key.counts(&[1; 32], 9), "there is none yet");
        key.leaf = vec![0];
        assert!(key.counts(&[1; 32], 9));
        assert!(!key.counts(&[1; 32], 10));
        assert!(!key.counts(&[2; 32], 9));
    }
}
