//! A purged item leaves a tombstone for ever, and its envelopes for a while.

use keyfold_ledger::{Element, SetState};
use keyfold_vault::storage::{Deleted, Deletion, Storage, Swept};

use crate::{
    databases::on_each_database,
    names::{DAY, NOW, item, named},
    vaults::{Edit, Vault, digest, envelope, envelope_hash},
};

const DUE: u64 = NOW + 30 * DAY;

/// An account with `mail` in three revisions, the last a tombstone, and `bank`.
async fn with_a_purged_item(storage: &dyn Storage) -> Vault {
    let mut ana = Vault::founded(storage, "ana").await;
    ana.push(storage, "commit 1", &[Edit::Write("mail", 300), Edit::Write("bank", 700)]).await;
    ana.push(storage, "commit 2", &[Edit::Write("mail", 400)]).await;
    ana.push(storage, "commit 3", &[Edit::Purge("mail")]).await;
    ana
}

#[tokio::test]
async fn a_tombstone_counts_among_the_elements_and_no_longer_among_the_items() {
    on_each_database(async |storage| {
        let ana = with_a_purged_item(storage).await;
        let base = ana.base(storage, &["mail"]).await;
        let tombstone = Element { item: item("mail"), revision: 3, envelope: None };
        let bank = Element { item: item("bank"), revision: 1, envelope: Some(envelope_hash("commit 1", "bank")) };
        assert_eq!((base.count, base.elements, base.changed), (1, 2, vec![tombstone]));
        assert_eq!(digest(&ana, &base.set), digest(&ana, &SetState::of(&[tombstone, bank])));
        assert_eq!(base.bytes_used, 300 + 700 + 400);
    })
    .await;
}

#[tokio::test]
async fn the_envelopes_of_a_purged_item_stay_until_they_are_due_and_then_go() {
    on_each_database(async |storage| {
        let ana = with_a_purged_item(storage).await;
        assert_eq!(storage.sweep(DUE - 1).await.unwrap(), Swept::default());
        assert_eq!(
            ana.kept(storage, "mail", &[1, 2, 3]).await,
            [(1, envelope("commit 1", "mail", 300)), (2, envelope("commit 2", "mail", 400)),]
        );

        assert_eq!(storage.sweep(DUE).await.unwrap(), Swept { envelopes: 2, ..Swept::default() });
        assert!(ana.kept(storage, "mail", &[1, 2, 3]).await.is_empty());
        assert_eq!(ana.kept(storage, "bank", &[1]).await, [(1, envelope("commit 1", "bank", 700))]);
        let base = ana.base(storage, &["mail"]).await;
        assert_eq!((base.count, base.elements, base.bytes_used), (1, 2, 700));
        assert_eq!(base.changed, [Element { item: item("mail"), revision: 3, envelope: None }]);

        assert_eq!(storage.sweep(DUE + DAY).await.unwrap(), Swept::default());
        assert_eq!(ana.base(storage, &[]).await.bytes_used, 700);
    })
    .await;
}

#[tokio::test]
async fn a_tombstone_as_the_eleventh_revision_prunes_the_first() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        for revision in 1..=10 {
            ana.push(storage, &format!("commit {revision}"), &[Edit::Write("mail", 100)]).await;
        }
        ana.push(storage, "the purge", &[Edit::Purge("mail")]).await;
        assert_eq!(ana.kept(storage, "mail", &(1..=11).collect::<Vec<_>>()).await.len(), 9);
        assert_eq!(ana.base(storage, &[]).await.bytes_used, 900);
        assert_eq!(storage.sweep(DUE).await.unwrap().envelopes, 9);
        assert_eq!(ana.base(storage, &[]).await.bytes_used, 0);
    })
    .await;
}

#[tokio::test]
async fn purges_of_many_accounts_are_swept_at_once_and_a_deleted_accounts_are_gone() {
    on_each_database(async |storage| {
        let mut vaults = Vec::new();
        for name in ["ana", "ben", "cyn"] {
            let mut vault = Vault::founded(storage, name).await;
            vault.push(storage, &format!("1 {name}"), &[Edit::Write("mail", 100), Edit::Write("bank", 100)]).await;
            vault.push(storage, &format!("2 {name}"), &[Edit::Purge("mail"), Edit::Purge("bank")]).await;
            vaults.push(vault);
        }
        let Vault { account, heads } = vaults.remove(0);
        let deletion = Deletion { account, roster_head: heads.roster_head, request: named("delete"), at: NOW };
        assert_eq!(storage.delete_account(deletion).await.unwrap(), Deleted::Done);

        assert_eq!(storage.sweep(DUE).await.unwrap().envelopes, 4);
        for vault in vaults {
            let base = vault.base(storage, &[]).await;
            assert_eq!((base.count, base.elements, base.bytes_used), (0, 2, 0));
        }
    })
    .await;
}
