//! A restore brings back what a backup holds, but nothing that has ended for good since.

use keyfold_store::{DatabaseUrl, Existing, restore};
use keyfold_vault::storage::{
    AccountStorage as _, Created, Deleted, InviteHash, InviteStorage as _, KeyKind, NewAccount, PullStorage as _,
    ServerKeyStorage as _, Standing,
};
use tempfile::TempDir;

use crate::{
    databases::on_each_place,
    deletions::deletion,
    names::{DAY, NOW, named},
    server_keys::key,
    vaults::{Edit, Vault, invited, new_account},
};

#[tokio::test]
async fn what_ended_after_a_backup_stays_ended_where_the_backup_is_restored() {
    on_each_place(async |place| {
        let folder = TempDir::new().unwrap();
        let (file, database) = (folder.path().join("backup.db"), place.open().await);
        database.add_server_key(KeyKind::Log, key(1, 7)).await.unwrap();
        for invite in ["for carl", "for dora"] {
            database.add_invite(InviteHash(named(invite)), NOW, NOW + DAY).await.unwrap();
        }
        let (ana, mut ben) = (Vault::founded(&database, "ana").await, Vault::founded(&database, "ben").await);
        ben.push(&database, "a commit", &[Edit::Write("mail", 300)]).await;
        let contents = database.back_up(&file, &[], &|_, _| {}).await.unwrap();
        assert_eq!(contents.accounts, 2);

        assert_eq!(database.delete_account(deletion(&ben, "delete")).await.unwrap(), Deleted::Done);
        assert_eq!(database.create_account(invited("carl", "for carl")).await.unwrap(), Created::Done);
        database.close().await.unwrap();
        let url: DatabaseUrl = place.uri.parse().unwrap();
        let restored = restore(&url, &file, Existing::Replace, &|_, _| {}).await.unwrap();
        assert_eq!((restored.contents, restored.deleted), (contents, 1));

        let database = place.open().await;
        assert_eq!(ana.standing(&database).await, Standing::Active(ana.heads));
        assert_eq!(ben.standing(&database).await, Standing::Deleted);
        assert!(database.commit(ben.account, 1).await.unwrap().is_none());
        assert_eq!(database.create_account(new_account("ben")).await.unwrap(), Created::Deleted);
        // Carl's account is to come back from its first device, which needs no invite for it.
        let create = async |new: NewAccount| database.create_account(new).await.unwrap();
        assert_eq!(create(invited("somebody else", "for carl")).await, Created::InviteRefused);
        assert_eq!(create(invited("dora", "for dora")).await, Created::Done);

        database.close().await.unwrap();

        // Somebody else than Ben may have deleted his account.
        assert_eq!(restore(&url, &file, Existing::Undo, &|_, _| {}).await.unwrap().deleted, 0);
        let database = place.open().await;
        assert_eq!(ben.standing(&database).await, Standing::Active(ben.heads));
        assert_eq!(database.create_account(invited("somebody else", "for carl")).await.unwrap(), Created::Done);
        database.close().await.unwrap();
    })
    .await;
}
