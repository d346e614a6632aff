//! No secret prints anything of itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use keyfold_crypto::{
    EpochKey, SigningAlgorithm, SigningKey, WrappingKey,
    enrolment::{CheckCodes, QrSecret},
    keyring::KeyringKey,
    local::LocalKey,
    recovery::RecoveryCode,
    session::{SessionKey, SessionSecret},
};
use keyfold_wire::AccountId;

#[test]
fn no_secret_prints_anything_of_itself() {
    let recovery = RecoveryCode::new([0x5e; 20]);
    let recovery_keys = recovery.keys(&AccountId::new([1; 16])).expect("keys");
    let printed = [
        format!("{:#?}", EpochKey::new([0x5e; 32])),
        format!("{:#?}", WrappingKey::new([0x5e; 32])),
        format!("{:#?}", SigningKey::from_secret(SigningAlgorithm::Ed25519, &[0x5e; 32])),
        format!("{:#?}", SigningKey::from_secret(SigningAlgorithm::Es256, &[0x5e; 32])),
        format!("{recovery:#?}"),
        format!("{recovery_keys:#?}"),
        format!("{:#?}", SessionKey::new([0x5e; 32])),
        format!("{:#?}", SessionSecret::new([0x5e; 32])),
        format!("{:#?}", LocalKey::new([0x5e; 32])),
        format!("{:#?}", KeyringKey::new([0x5e; 32])),
        format!("{:#?}", QrSecret::new([0x5e; 16])),
        format!("{:#?}", CheckCodes::of(b"transcript")),
    ];
    insta::assert_snapshot!(printed.join("\n"), @"
    EpochKey(..)
    WrappingKey(..)
    Ok(
        SigningKey(..),
    )
    Ok(
        SigningKey(..),
    )
    RecoveryCode(..)
    RecoveryKeys {
        signing: SigningKey(..),
        wrapping: WrappingKey(..),
    }
    SessionKey(..)
    SessionSecret(..)
    LocalKey(..)
    KeyringKey(..)
    QrSecret(..)
    CheckCodes {
        from_device: CheckCode(..),
        from_approver: CheckCode(..),
    }
    ");
}
