use std::rc::Rc;

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};
use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};
use ring::digest::{SHA256, digest};

use super::{error::TokenError, objects::Part, session::Token};

/// A P-256 key that is in a token.
pub(super) struct TokenKey {
    token: Rc<Token>,
    key: ObjectHandle,
    point: [u8; 65],
    public: VerifyingKey,
}

impl TokenKey {
    /// Has the token draw one that signs, does nothing else and never leaves it.
    pub(super) fn draw(token: &Rc<Token>, part: Part, name: &str) -> Result<Self, TokenError> {
        let (label, id) = (Attribute::Label(part.label(name).into_bytes()), Attribute::Id(part.id(name)));
        let public = [
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::EcParams(P256.to_vec()),
            Attribute::Verify(true),
            label.clone(),
            id.clone(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            label,
            id,
        ];
        let (public, private) = token.session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
        token.made.borrow_mut().extend([public, private]);
        if !is_bound(token, private)? {
            return Err(TokenError::NotBound);
        }
        let points = token.session.get_attributes(public, &[AttributeType::EcPoint])?;
        let point = points.iter().find_map(|attribute| match attribute {
            Attribute::EcPoint(point) => unwrapped(point),
            _ => None,
        });
        Self::new(token, private, point.ok_or(TokenError::NoP256)?)
    }

    /// One that is there, of this point (SEC 1, uncompressed).
    pub(super) fn found(token: &Rc<Token>, part: Part, name: &str, point: [u8; 65]) -> Result<Self, TokenError> {
        Self::new(token, token.only(ObjectClass::PRIVATE_KEY, part, name)?, point)
    }

    fn new(token: &Rc<Token>, key: ObjectHandle, point: [u8; 65]) -> Result<Self, TokenError> {
        let public = VerifyingKey::from_sec1_bytes(&point).map_err(|_| TokenError::NoP256)?;
        Ok(Self { token: Rc::clone(token), key, point, public })
    }

    /// A signature (DER, RFC 3279 §2.2.3). The hash is ours: CKM_ECDSA is what every token has.
    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let hash = digest(&SHA256, message);
        let raw = self.token.session.sign(&Mechanism::Ecdsa, self.key, hash.as_ref())?;
        let signature = Signature::from_slice(&raw).map_err(|_| TokenError::OtherKey)?;
        // A key that took another's place in the token, or a fault while it signed, is not carried to those who trust the root.
        self.public.verify_prehash(hash.as_ref(), &signature).map_err(|_| TokenError::OtherKey)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl PublicKeyData for TokenKey {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for TokenKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signature(message).map_err(|error| {
            self.token.failed.set(Some(error));
            rcgen::Error::RemoteKeyError
        })
    }
}

/// Whether a token says of a key that it was born there, and was never to be had.
fn is_bound(token: &Token, key: ObjectHandle) -> Result<bool, TokenError> {
    let asked = [
        AttributeType::KeyType,
        AttributeType::Local,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
        AttributeType::Private,
    ];
    let wanted = |attribute: &Attribute| {
        matches!(
            attribute,
            Attribute::KeyType(KeyType::EC)
                | Attribute::Local(true)
                | Attribute::AlwaysSensitive(true)
                | Attribute::NeverExtractable(true)
                | Attribute::Private(true)
        )
    };
    let told = token.session.get_attributes(key, &asked)?;
    Ok(told.len() == asked.len() && told.iter().all(wanted))
}

/// A point as tokens tell it (CKA_EC_POINT): an OCTET STRING, or, of those that know no better, the point itself.
fn unwrapped(told: &[u8]) -> Option<[u8; 65]> {
    told.strip_prefix(&[OCTET_STRING, 65]).unwrap_or(told).try_into().ok()
}

/// 1.2.840.10045.3.1.7, DER (CKA_EC_PARAMS).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OCTET_STRING: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_tokens_tell_it() {
        let point: Vec<u8> = [4].into_iter().chain(1..=64).collect();
        let wrapped = [&[OCTET_STRING, 65], point.as_slice()].concat();
        assert_eq!(unwrapped(&wrapped).unwrap().as_slice(), point);
        assert_eq!(unwrapped(&point).unwrap().as_slice(), point);
        assert!(unwrapped(&wrapped[..66]).is_none() && unwrapped(&[wrapped, vec![0]].concat()).is_none());
    }
}
