//! Private keys as other programs write them: PKCS #8 (RFC 5958), with RFC 5915 for ES256 and ES384, RFC 8410
//! for EdDSA and RFC 9881 for ML-DSA-44.

use p256::pkcs8::{
    AlgorithmIdentifierRef, EncodePrivateKey, ObjectIdentifier, PrivateKeyInfoRef,
    der::{Encode, asn1::OctetStringRef},
};
use zeroize::Zeroizing;

use crate::{Algorithm, InvalidPrivateKey, PrivateKey};

impl PrivateKey {
    /// Reads a DER encoding. Where it holds a public key, that must be this key's.
    ///
    /// # Errors
    /// Another encoding, another algorithm or curve, an invalid key, another public key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InvalidPrivateKey> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| InvalidPrivateKey)?;
        if info.algorithm.oid == ED25519 {
            seed(&info, Algorithm::EdDsa, &CURVE_PRIVATE_KEY)
        } else if info.algorithm.oid == ML_DSA_44 {
            seed(&info, Algorithm::MlDsa44, &ML_DSA_SEED)
        } else {
            // Whichever curve it names, the other's library refuses it.
            ecdsa(&info, Algorithm::Es256).or_else(|_| ecdsa(&info, Algorithm::Es384))
        }
    }

    /// The DER encoding: version 1; for ES256 and ES384 with the public key beside the scalar, for ML-DSA-44 the seed alone.
    ///
    /// # Errors
    /// None that a valid key could cause.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, InvalidPrivateKey> {
        let document = match self.algorithm() {
            Algorithm::Es256 => {
                let secret = p256::SecretKey::from_slice(self.expose()).map_err(|_| InvalidPrivateKey)?;
                secret.to_pkcs8_der()
            }
            Algorithm::Es384 => {
                let secret = p384::SecretKey::from_slice(self.expose()).map_err(|_| InvalidPrivateKey)?;
                secret.to_pkcs8_der()
            }
            Algorithm::EdDsa => return self.seed_to_pkcs8(ED25519, &CURVE_PRIVATE_KEY),
            Algorithm::MlDsa44 => return self.seed_to_pkcs8(ML_DSA_44, &ML_DSA_SEED),
        };
        Ok(Zeroizing::new(document.map_err(|_| InvalidPrivateKey)?.as_bytes().to_vec()))
    }

    fn seed_to_pkcs8(&self, oid: ObjectIdentifier, head: &[u8; 2]) -> Result<Zeroizing<Vec<u8>>, InvalidPrivateKey> {
        let mut seed = Zeroizing::new(Vec::with_capacity(head.len() + self.expose().len()));
        seed.extend_from_slice(head);
        seed.extend_from_slice(self.expose());
        let seed = OctetStringRef::new(&seed).map_err(|_| InvalidPrivateKey)?;
        let der = PrivateKeyInfoRef::new(AlgorithmIdentifierRef { oid, parameters: None }, seed).to_der();
        der.map(Zeroizing::new).map_err(|_| InvalidPrivateKey)
    }
}

/// A key that is a seed of 32 bytes behind `head`. Expanded ML-DSA keys are refused: no seed can be had from them.
fn seed(info: &PrivateKeyInfoRef<'_>, algorithm: Algorithm, head: &[u8; 2]) -> Result<PrivateKey, InvalidPrivateKey> {
    let seed = info.private_key.as_bytes().strip_prefix(head).ok_or(InvalidPrivateKey)?;
    let key = PrivateKey::from_bytes(algorithm, seed)?;
    let own = key.public_key().to_point();
    let is_its_own = info.public_key.is_none_or(|public| public.as_bytes() == Some(own.as_slice()));
    if info.algorithm.parameters.is_none() && is_its_own { Ok(key) } else { Err(InvalidPrivateKey) }
}

/// A scalar. The public key within, if there is one, is looked at by the curve's library.
fn ecdsa(info: &PrivateKeyInfoRef<'_>, algorithm: Algorithm) -> Result<PrivateKey, InvalidPrivateKey> {
    let scalar = match algorithm {
        Algorithm::Es384 => {
            let secret = p384::SecretKey::try_from(info.clone()).map_err(|_| InvalidPrivateKey)?;
            Zeroizing::new(secret.to_bytes().to_vec())
        }
        _ => {
            let secret = p256::SecretKey::try_from(info.clone()).map_err(|_| InvalidPrivateKey)?;
            Zeroizing::new(secret.to_bytes().to_vec())
        }
    };
    let key = PrivateKey::from_bytes(algorithm, &scalar)?;
    let own = key.public_key().to_point();
    let is_its_own = info.public_key.is_none_or(|public| public.as_bytes() == Some(own.as_slice()));
    if is_its_own { Ok(key) } else { Err(InvalidPrivateKey) }
}

/// id-Ed25519 (RFC 8410 §3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The tag and length of RFC 8410's `CurvePrivateKey`: an OCTET STRING of 32 bytes.
const CURVE_PRIVATE_KEY: [u8; 2] = [0x04, 0x20];
/// id-ml-dsa-44 (RFC 9881 §2).
const ML_DSA_44: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");
/// The tag and length of RFC 9881's `seed [0]`: 32 bytes, implicitly tagged.
const ML_DSA_SEED: [u8; 2] = [0x80, 0x20];

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::PublicKey;

    fn read(base64: &str) -> Result<PrivateKey, InvalidPrivateKey> {
        PrivateKey::from_pkcs8(&BASE64.decode(base64.as_bytes()).unwrap())
    }

    #[test]
    fn keys_read_back_as_they_were_written() {
        for algorithm in Algorithm::ALL {
            let bytes = vec![7; algorithm.private_key_length()];
            let key = PrivateKey::from_bytes(algorithm, &bytes).unwrap();
            let read = PrivateKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
            assert_eq!((read.algorithm(), read.expose()), (algorithm, bytes.as_slice()));
        }
    }

    /// RFC 8410 §10.3: the same key without and with its public half.
    #[test]
    fn the_keys_of_rfc_8410_are_read_and_written() {
        let one = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let two = "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\
                   oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\
                   Z9w7lshQhqowtrbLDFw4rXAxZuE=";
        let key = read(one).unwrap();
        assert_eq!(key.expose(), read(two).unwrap().expose());
        assert_eq!(BASE64.encode(&key.to_pkcs8().unwrap()), one);
    }

    #[test]
    fn a_key_beside_anothers_public_half_is_refused() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = PrivateKey::from_bytes(algorithm, &[7; 32]).unwrap();
            let other = PrivateKey::from_bytes(algorithm, &[8; 32]).unwrap();
            let mut der = key.to_pkcs8().unwrap().to_vec();
            if algorithm == Algorithm::EdDsa {
                let PublicKey::EdDsa(public) = other.public_key() else { panic!("not of its algorithm") };
                der[4] = 1;
                der[1] += 35;
                der.extend([&[0x81, 33, 0], public.as_slice()].concat());
            } else {
                let start = der.len() - 64;
                der[start..].copy_from_slice(&other.public_key().to_point()[1..]);
            }
            assert!(PrivateKey::from_pkcs8(&der).is_err(), "{algorithm:?}");
        }
    }

    #[test]
    fn a_public_key_beside_the_key_must_be_its_own_too() {
        let [own, other] = [[7; 32], [8; 32]].map(|scalar| PrivateKey::from_bytes(Algorithm::Es256, &scalar).unwrap());
        for (public, is_read) in [(own.public_key().to_point(), true), (other.public_key().to_point(), false)] {
            let mut der = own.to_pkcs8().unwrap().to_vec();
            let length = u8::try_from(der.len() - 3 + 68).unwrap();
            // Version 2, and the length of all in one byte.
            der.splice(..6, [0x30, 0x81, length, 0x02, 0x01, 0x01]);
            der.extend([&[0x81, 66, 0], public.as_slice()].concat());
            assert_eq!(PrivateKey::from_pkcs8(&der).is_ok(), is_read);
        }
    }

    #[test]
    fn keys_of_other_kinds_and_bytes_after_a_key_are_refused() {
        // RFC 8410: X25519; RSA and P-384 have other identifiers as well.
        assert!(read("MC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC").is_err());
        let mut der = PrivateKey::from_bytes(Algorithm::EdDsa, &[7; 32]).unwrap().to_pkcs8().unwrap().to_vec();
        der.push(0);
        assert!(PrivateKey::from_pkcs8(&der).is_err());
        assert!(PrivateKey::from_pkcs8(&[]).is_err());
    }
}
