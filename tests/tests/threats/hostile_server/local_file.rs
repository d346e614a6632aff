use keyfold_client::{PassphraseError, device::SecretsError, storage::Write, vault::VaultError};
use keyfold_wire::v1::SealedSecrets;
use prost::Message;

use crate::world::{Device, Home};

/// Changes the sealed secrets of a profile as somebody could who has its file, or who restores it from elsewhere; gives
/// what unlocking says.
async fn unlocked_after(device: &Device, change: impl FnOnce(&mut SealedSecrets)) -> Option<PassphraseError> {
    let storage = device.vault().local().storage();
    let sealed = storage.profile().await.unwrap().unwrap().sealed_secrets;
    let mut secrets = SealedSecrets::decode(sealed.as_slice()).unwrap();
    change(&mut secrets);
    let step = storage.step().await.unwrap();
    storage.apply(&step, vec![Write::SealedSecrets(secrets.encode_to_vec())]).await.unwrap();
    let unlocked = device.unlocks().await;
    storage.apply(&step, vec![Write::SealedSecrets(sealed)]).await.unwrap();
    match unlocked {
        Ok(()) => None,
        Err(VaultError::Secrets(SecretsError::Passphrase(error))) => Some(error),
        Err(error) => panic!("{error}"),
    }
}

async fn device() -> (Home, Device) {
    let home = Home::start().await;
    let device = Device::founded(&home, "Ana's laptop").await;
    (home, device)
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_05_a_profile_with_weaker_kdf_parameters_is_not_unlocked() {
    let (_home, device) = device().await;
    let weaker: [fn(&mut SealedSecrets); 4] = [
        |secrets| secrets.memory_kib = 8,
        |secrets| secrets.memory_kib -= 1,
        |secrets| secrets.passes = 1,
        |secrets| secrets.lanes = 0,
    ];
    for change in weaker {
        assert_eq!(unlocked_after(&device, change).await, Some(PassphraseError::Parameters));
    }
    assert_eq!(unlocked_after(&device, |_| {}).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_06_a_profile_with_huge_kdf_parameters_is_not_unlocked() {
    let (_home, device) = device().await;
    let huge: [fn(&mut SealedSecrets); 3] = [
        |secrets| secrets.memory_kib = u32::MAX,
        |secrets| secrets.passes = u32::MAX,
        |secrets| secrets.lanes = u32::MAX,
    ];
    for change in huge {
        assert_eq!(unlocked_after(&device, change).await, Some(PassphraseError::Parameters));
    }
}

/// Another salt, other bytes and another passphrase are one error.
#[tokio::test(flavor = "multi_thread")]
async fn threat_07_a_profile_with_another_salt_is_not_unlocked() {
    let (_home, device) = device().await;
    let changes: [fn(&mut SealedSecrets); 3] =
        [|secrets| secrets.salt[0] ^= 1, |secrets| secrets.ciphertext[0] ^= 1, |secrets| secrets.commitment[0] ^= 1];
    for change in changes {
        assert_eq!(unlocked_after(&device, change).await, Some(PassphraseError::WrongPassphrase));
    }
}
