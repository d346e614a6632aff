//! What was acknowledged is there after a restart, and seen by other processes before it.

use keyfold_vault::storage::{
    Claim, Created, GuessWindow, InviteHash, KeyKind, NewEnrolment, ServerKey, Span, Storage, Written,
};

use crate::{
    databases::on_each_place,
    names::{DAY, MINUTE, NOW, device, enrolment, named},
    vaults::{Edit, Vault, invited, new_account},
};

const EVERYTHING: Span = Span { first: 0, last: 100 };
const WINDOW: GuessWindow = GuessWindow { limit: 1, length: 10 * MINUTE };

#[tokio::test]
async fn everything_that_was_acknowledged_is_there_after_a_restart() {
    on_each_place(async |place| {
        let database = place.open().await;
        let ana = lived_in(&database).await;
        let before = all_of(&database, &ana).await;
        database.close().await.unwrap();

        let database = place.open().await;
        let storage: &dyn Storage = &database;
        assert_eq!(all_of(storage, &ana).await, before);
        assert!(!storage.use_nonce(ana.account, [7; 16], NOW + MINUTE).await.unwrap());
        assert!(!storage.count_guess(ana.account, device("laptop"), WINDOW, NOW).await.unwrap());
        assert_eq!(storage.create_account(invited("ben", "invite")).await.unwrap(), Created::InviteRefused);
        let commit = ana.commit(storage, "commit 3", &[Edit::Write("bank", 200)]).await;
        assert_eq!(storage.push(commit).await.unwrap(), Written::Done);
        database.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_write_that_was_acknowledged_is_seen_by_every_other_process_at_once() {
    on_each_place(async |place| {
        let (first, second) = (place.open().await, place.open().await);
        let mut ana = Vault::founded(&first, "ana").await;
        for number in 0..20 {
            let (one, other): (&dyn Storage, &dyn Storage) =
                if number % 2 == 0 { (&first, &second) } else { (&second, &first) };
            ana.push(one, &format!("commit {number}"), &[Edit::Write("mail", 100)]).await;
            assert_eq!(ana.base(other, &[]).await.heads, ana.heads);
            ana.rotate(other, &format!("epoch {number}")).await;
            assert_eq!(ana.base(one, &[]).await.heads, ana.heads);
        }
        assert_eq!(all_of(&first, &ana).await, all_of(&second, &ana).await);
        first.close().await.unwrap();
        second.close().await.unwrap();
    })
    .await;
}

/// A database with something of everything.
async fn lived_in(storage: &dyn Storage) -> Vault {
    let mut ana = Vault::founded(storage, "ana").await;
    ana.push(storage, "commit 1", &[Edit::Write("mail", 300), Edit::Write("bank", 500)]).await;
    ana.rotate(storage, "epoch 2").await;
    ana.push(storage, "commit 2", &[Edit::Purge("mail")]).await;
    let tablet = NewEnrolment {
        enrolment: enrolment("tablet"),
        short_code: "abcd2345".to_owned(),
        commitment: named("tablet"),
        expires_at: NOW + 10 * MINUTE,
    };
    assert!(storage.begin_enrolment(tablet).await.unwrap());
    let claim = Claim { account: ana.account, approver: device("laptop") };
    assert!(storage.approve(enrolment("tablet"), claim, b"approval", NOW).await.unwrap());
    assert!(storage.use_nonce(ana.account, [7; 16], NOW + MINUTE).await.unwrap());
    assert!(storage.count_guess(ana.account, device("laptop"), WINDOW, NOW).await.unwrap());
    storage.add_invite(InviteHash(named("invite")), NOW, NOW + DAY).await.unwrap();
    assert_eq!(storage.create_account(invited("eve", "invite")).await.unwrap(), Created::Done);
    for kind in [KeyKind::Log, KeyKind::Session] {
        let key = ServerKey { kid: 1, created_at: NOW, secret: [9; 32].into() };
        assert!(storage.add_server_key(kind, key).await.unwrap());
    }
    ana
}

/// All that can be read, printed: what prints alike is alike but for the secrets of keys, which print as nothing.
async fn all_of(storage: &dyn Storage, vault: &Vault) -> String {
    let entries = storage.entries(vault.account, EVERYTHING, Some(device("laptop")), 100).await.unwrap();
    let commits = storage.commits(vault.account, EVERYTHING, 100).await.unwrap();
    let changed = storage.changed(vault.account, EVERYTHING, None, 100).await.unwrap();
    let revisions: Vec<_> = changed.iter().flat_map(|row| [(row.element.item, 1), (row.element.item, 2)]).collect();
    let mut envelopes = storage.envelopes(vault.account, &revisions).await.unwrap();
    envelopes.sort();
    let mut base = vault.base(storage, &["mail", "bank"]).await;
    base.changed.sort_by_key(|element| element.item);
    let set = base.set.digest(&vault.account);
    let enrolment = storage.enrolment(enrolment("tablet")).await.unwrap();
    let invites = storage.invites(10).await.unwrap();
    let mut keys = Vec::new();
    for kind in [KeyKind::Log, KeyKind::Session] {
        let stored = storage.server_keys(kind).await.unwrap();
        keys.extend(stored.into_iter().map(|key| (key.kid, key.created_at, *key.secret)));
    }
    let again = storage.create_account(new_account("ana")).await.unwrap();
    format!(
        "{entries:?} {commits:?} {changed:?} {envelopes:?} {base:?} {set} {enrolment:?} {invites:?} {keys:?} {again:?}"
    )
}
