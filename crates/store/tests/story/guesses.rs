//! Wrong short codes are counted, and nonces used once.

use futures_util::future::join_all;
use keyfold_vault::storage::{GuessWindow, Storage, Swept};

use crate::{
    databases::on_each_database,
    names::{MINUTE, NOW, device},
    vaults::Vault,
};

const WINDOW: GuessWindow = GuessWindow { limit: 3, length: 10 * MINUTE };

async fn guess(storage: &dyn Storage, vault: &Vault, name: &str, now: u64) -> bool {
    storage.count_guess(vault.account, device(name), WINDOW, now).await.unwrap()
}

#[tokio::test]
async fn a_device_has_three_wrong_guesses_until_the_window_of_the_first_is_over() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        for minute in [0, 4, 8] {
            assert!(guess(storage, &ana, "laptop", NOW + minute * MINUTE).await);
        }
        for late in [9 * MINUTE, 10 * MINUTE - 1] {
            assert!(!guess(storage, &ana, "laptop", NOW + late).await);
        }
        for _ in 0..3 {
            assert!(guess(storage, &ana, "laptop", NOW + 10 * MINUTE).await);
        }
        assert!(!guess(storage, &ana, "laptop", NOW + 10 * MINUTE).await);
    })
    .await;
}

#[tokio::test]
async fn each_device_of_each_account_has_its_own_guesses() {
    on_each_database(async |storage| {
        let (ana, ben) = (Vault::founded(storage, "ana").await, Vault::founded(storage, "ben").await);
        for (vault, name) in [(&ana, "laptop"), (&ana, "phone"), (&ben, "laptop")] {
            for _ in 0..3 {
                assert!(guess(storage, vault, name, NOW).await);
            }
            assert!(!guess(storage, vault, name, NOW).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_right_guess_is_given_back_and_no_more_than_that() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        for _ in 0..20 {
            assert!(guess(storage, &ana, "laptop", NOW).await);
            storage.return_guess(ana.account, device("laptop")).await.unwrap();
        }
        storage.return_guess(ana.account, device("laptop")).await.unwrap();
        for _ in 0..3 {
            assert!(guess(storage, &ana, "laptop", NOW).await);
        }
        assert!(!guess(storage, &ana, "laptop", NOW).await);
    })
    .await;
}

#[tokio::test]
async fn guesses_made_at_once_do_not_slip_past_the_limit() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        let guessed = join_all((0..16).map(|_| guess(storage, &ana, "laptop", NOW))).await;
        assert_eq!(guessed.into_iter().filter(|counted| *counted).count(), 3);
    })
    .await;
}

#[tokio::test]
async fn an_account_uses_a_nonce_once() {
    on_each_database(async |storage| {
        let (ana, ben) = (Vault::founded(storage, "ana").await, Vault::founded(storage, "ben").await);
        let used = join_all((0..16).map(|_| storage.use_nonce(ana.account, [7; 16], NOW + MINUTE))).await;
        assert_eq!(used.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
        assert!(storage.use_nonce(ana.account, [8; 16], NOW + MINUTE).await.unwrap());
        assert!(storage.use_nonce(ben.account, [7; 16], NOW + MINUTE).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_nonce_is_remembered_until_its_message_is_too_old() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        assert!(storage.use_nonce(ana.account, [7; 16], NOW + MINUTE).await.unwrap());
        assert_eq!(storage.sweep(NOW + MINUTE - 1).await.unwrap(), Swept::default());
        assert!(!storage.use_nonce(ana.account, [7; 16], NOW + MINUTE).await.unwrap());
        assert_eq!(storage.sweep(NOW + MINUTE).await.unwrap(), Swept { nonces: 1, ..Swept::default() });
        assert!(storage.use_nonce(ana.account, [7; 16], NOW + 2 * MINUTE).await.unwrap());
    })
    .await;
}
