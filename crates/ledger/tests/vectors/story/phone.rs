use keyfold_crypto::{MemberKeys, Signable, SigningAlgorithm, SigningKey, WrappingKey, signing};
use keyfold_wire::MemberId;
use p256::ecdsa::signature::Signer;

/// A device whose ES256 key signs deterministically (RFC 6979): no rule of the protocol asks for it, but vectors do.
pub(crate) struct Phone {
    pub(crate) scalar: [u8; 32],
    pub(crate) wrapping: WrappingKey,
}

impl Phone {
    pub(crate) fn keys(&self) -> MemberKeys {
        MemberKeys::of(&SigningKey::from_secret(SigningAlgorithm::Es256, &self.scalar).unwrap(), &self.wrapping)
    }

    pub(crate) fn id(&self) -> MemberId {
        self.keys().id()
    }

    pub(crate) fn sign<M: Signable>(&self, body: &[u8]) -> Vec<u8> {
        let key = p256::ecdsa::SigningKey::from_slice(&self.scalar).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(&M::NAMESPACE.input(&[body]));
        let signature = signature.normalize_s().to_bytes().to_vec();
        assert_eq!(signing::verify_bytes::<M>(self.keys().signing(), body, &signature), Ok(()));
        signature
    }
}
