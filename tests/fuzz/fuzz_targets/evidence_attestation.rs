#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keyfold_tests::parsers::evidence_attestation(bytes));
