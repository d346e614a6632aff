//! An invite is for one account.

use futures_util::future::join_all;
use keyfold_vault::storage::{InviteHash, Storage};

use crate::{
    databases::on_each_database,
    names::{DAY, NOW, account, named},
};

fn invite(name: &str) -> InviteHash {
    InviteHash(named(name))
}

async fn claim(storage: &dyn Storage, name: &str, for_account: &str, now: u64) -> bool {
    storage.claim_invite(invite(name), account(for_account), now).await.unwrap()
}

#[tokio::test]
async fn an_invite_lets_one_account_in_which_may_ask_again() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for ana"), NOW, NOW + DAY).await.unwrap();
        assert!(claim(storage, "for ana", "ana", NOW).await);
        assert!(claim(storage, "for ana", "ana", NOW + 1).await, "a creation that was interrupted can be repeated");
        assert!(!claim(storage, "for ana", "ben", NOW + 1).await);
        assert!(!claim(storage, "made up", "ben", NOW).await);
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_expired_lets_nobody_in() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for ana"), NOW, NOW + DAY).await.unwrap();
        assert!(!claim(storage, "for ana", "ana", NOW + DAY).await);
        assert!(claim(storage, "for ana", "ana", NOW + DAY - 1).await);
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_accounts_at_once_an_invite_lets_one_in() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for one"), NOW, NOW + DAY).await.unwrap();
        let names: Vec<String> = (0..16).map(|number| format!("account {number}")).collect();
        let claimed = join_all(names.iter().map(|name| claim(storage, "for one", name, NOW))).await;
        assert_eq!(claimed.iter().filter(|claimed| **claimed).count(), 1);
        let winner = &names[claimed.iter().position(|claimed| *claimed).unwrap()];
        assert_eq!(storage.invites(10).await.unwrap()[0].account, Some(account(winner)));
    })
    .await;
}

#[tokio::test]
async fn an_operator_sees_the_newest_invites_and_who_used_them() {
    on_each_database(async |storage| {
        assert!(storage.invites(10).await.unwrap().is_empty());
        for day in 0..5 {
            storage.add_invite(invite(&format!("of day {day}")), NOW + day * DAY, NOW + 9 * DAY).await.unwrap();
        }
        assert!(claim(storage, "of day 3", "ana", NOW + 4 * DAY).await);
        let listed = storage.invites(3).await.unwrap();
        assert!(listed.iter().map(|row| row.hash).eq([4, 3, 2].map(|day| invite(&format!("of day {day}")))));
        assert!(listed.iter().map(|row| row.account).eq([None, Some(account("ana")), None]));
        assert!(listed.iter().all(|row| row.expires_at == NOW + 9 * DAY && row.created_at > NOW));
    })
    .await;
}
