//! Of an item's revisions the envelopes of the last ten are kept, and counted.

use keyfold_vault::storage::{KEPT_REVISIONS, Span};

use crate::{
    databases::on_each_database,
    vaults::{Edit, Vault, envelope},
};

/// Each revision has a size of its own, so that no other's bytes can be counted for it.
const fn size(revision: u64) -> usize {
    100 + 7 * revision as usize
}

#[tokio::test]
async fn an_item_keeps_its_last_ten_envelopes_and_the_account_pays_for_no_more() {
    assert_eq!(KEPT_REVISIONS, 10);
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        for revision in 1..=25_u64 {
            let oldest_after = revision.saturating_sub(9).max(1);
            let goes = if revision > 10 { size(revision - 10) as u64 } else { 0 };
            assert_eq!(ana.base(storage, &["mail"]).await.reclaimed, goes, "revision {revision}");
            ana.push(storage, &commit(revision), &[Edit::Write("mail", size(revision))]).await;

            let kept: Vec<_> = (oldest_after..=revision)
                .map(|revision| (revision, envelope(&commit(revision), "mail", size(revision))))
                .collect();
            let revisions: Vec<u64> = (1..=revision).collect();
            assert_eq!(ana.kept(storage, "mail", &revisions).await, kept);
            let bytes: u64 = kept.iter().map(|(_, envelope)| envelope.len() as u64).sum();
            assert_eq!(ana.base(storage, &[]).await.bytes_used, bytes);
        }
    })
    .await;
}

#[tokio::test]
async fn each_item_of_a_commit_is_pruned_by_its_own_age() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        for revision in 1..=12 {
            ana.push(storage, &commit(revision), &[Edit::Write("old", size(revision))]).await;
        }
        ana.push(storage, "both", &[Edit::Write("old", 50), Edit::Write("young", 60)]).await;

        let old: Vec<u64> =
            ana.kept(storage, "old", &[1, 2, 3, 4, 13]).await.into_iter().map(|(kept, _)| kept).collect();
        assert_eq!(old, [4, 13]);
        assert_eq!(ana.kept(storage, "young", &[1]).await, [(1, envelope("both", "young", 60))]);
        let base = ana.base(storage, &["old", "young"]).await;
        let kept: u64 = (4..=12).map(|revision| size(revision) as u64).sum();
        assert_eq!((base.bytes_used, base.reclaimed), (kept + 50 + 60, size(4) as u64));
    })
    .await;
}

#[tokio::test]
async fn a_revision_that_lost_its_envelope_still_tells_that_it_was_there() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        for revision in 1..=11 {
            ana.push(storage, &commit(revision), &[Edit::Write("mail", size(revision))]).await;
        }
        let at_commit_1 = storage.changed(ana.account, Span { first: 1, last: 1 }, None, 10).await.unwrap();
        assert_eq!(at_commit_1.len(), 1);
        assert_eq!((at_commit_1[0].element.revision, at_commit_1[0].size), (1, 0));
        assert!(!at_commit_1[0].element.is_tombstone());
        let at_commit_2 = storage.changed(ana.account, Span { first: 2, last: 2 }, None, 10).await.unwrap();
        assert_eq!(at_commit_2[0].size, size(2) as u64);
    })
    .await;
}

fn commit(revision: u64) -> String {
    format!("revision {revision}")
}
