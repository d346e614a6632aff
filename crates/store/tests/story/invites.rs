//! An invite is for one account.

use futures_util::future::join_all;
use keyfold_vault::storage::{Created, InviteHash, NewAccount, Standing, Storage};

use crate::{
    databases::on_each_database,
    names::{DAY, NOW, account, named},
    vaults::{Vault, invited},
};

fn invite(name: &str) -> InviteHash {
    InviteHash(named(name))
}

async fn create(storage: &dyn Storage, invite: &str, name: &str, now: u64) -> Created {
    storage.create_account(NewAccount { created_at: now, ..invited(name, invite) }).await.unwrap()
}

#[tokio::test]
async fn an_invite_lets_one_account_in() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for ana"), NOW, NOW + DAY).await.unwrap();
        assert_eq!(create(storage, "for ana", "ana", NOW).await, Created::Done);
        assert_eq!(create(storage, "for ana", "ana", NOW + 1).await, Created::Exists);
        assert_eq!(create(storage, "for ana", "ben", NOW + 1).await, Created::InviteRefused);
        assert_eq!(create(storage, "made up", "ben", NOW).await, Created::InviteRefused);
        assert_eq!(Vault::new("ben").standing(storage).await, Standing::Unknown);
    })
    .await;
}

#[tokio::test]
async fn a_creation_that_comes_to_nothing_uses_no_invite() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for ben"), NOW, NOW + DAY).await.unwrap();
        Vault::founded(storage, "ana").await;
        assert_eq!(create(storage, "for ben", "ana", NOW).await, Created::Exists);
        assert_eq!(create(storage, "for ben", "ben", NOW).await, Created::Done);
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_expired_lets_nobody_in() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for ana"), NOW, NOW + DAY).await.unwrap();
        assert_eq!(create(storage, "for ana", "ana", NOW + DAY).await, Created::InviteRefused);
        assert_eq!(create(storage, "for ana", "ana", NOW + DAY - 1).await, Created::Done);
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_accounts_at_once_an_invite_lets_one_in() {
    on_each_database(async |storage| {
        storage.add_invite(invite("for one"), NOW, NOW + DAY).await.unwrap();
        let names: Vec<String> = (0..16).map(|number| format!("account {number}")).collect();
        let created = join_all(names.iter().map(|name| create(storage, "for one", name, NOW))).await;
        assert_eq!(created.iter().filter(|created| **created == Created::Done).count(), 1);
        let winner = &names[created.iter().position(|created| *created == Created::Done).unwrap()];
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
        assert_eq!(create(storage, "of day 3", "ana", NOW + 4 * DAY).await, Created::Done);
        let listed = storage.invites(3).await.unwrap();
        assert!(listed.iter().map(|row| row.hash).eq([4, 3, 2].map(|day| invite(&format!("of day {day}")))));
        assert!(listed.iter().map(|row| row.account).eq([None, Some(account("ana")), None]));
        assert!(listed.iter().all(|row| row.expires_at == NOW + 9 * DAY && row.created_at > NOW));
    })
    .await;
}
