//! A pull reads both chains and the items that a span changed.

use keyfold_vault::storage::{EntryRow, RevisionRow, Span, Storage};
use keyfold_wire::ItemId;

use crate::{
    databases::on_each_database,
    names::{device, item, message},
    vaults::{Edit, Vault, envelope, envelope_hash},
};

#[tokio::test]
async fn entries_come_in_order_from_the_spans_first_to_its_last() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let mut ben = Vault::founded(storage, "ben").await;
        for number in 2..=9 {
            ana.rotate(storage, &format!("ana's epoch {number}")).await;
            ben.rotate(storage, &format!("ben's epoch {number}")).await;
        }
        let read = async |first, last, limit| -> Vec<EntryRow> {
            storage.entries(ana.account, Span { first, last }, Some(device("phone")), limit).await.unwrap()
        };
        let seqs = |rows: &[EntryRow]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
        assert_eq!(seqs(&read(0, 9, 100).await), (0..=9).collect::<Vec<_>>());
        assert_eq!(seqs(&read(3, 6, 100).await), [3, 4, 5, 6]);
        assert_eq!(seqs(&read(3, 9, 2).await), [3, 4]);
        assert_eq!(seqs(&read(8, 100, 100).await), [8, 9]);
        assert_eq!(seqs(&read(10, 100, 100).await), [0_u64; 0]);
        for row in read(2, 9, 100).await {
            assert_eq!(row.entry, message(&format!("ana's epoch {}", row.seq)));
            assert!(row.sealed_key.is_some() && row.links.len() == 2);
        }
    })
    .await;
}

#[tokio::test]
async fn entries_without_a_reader_carry_no_keys() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        ana.rotate(storage, "epoch 2").await;
        let bare = storage.entries(ana.account, Span { first: 0, last: 2 }, None, 10).await.unwrap();
        assert!(bare.iter().all(|row| row.sealed_key.is_none() && row.links.is_empty()));
        let entry = storage.entry(ana.account, 2).await.unwrap().unwrap();
        assert_eq!((entry.entry, entry.sealed_key, entry.links.len()), (message("epoch 2"), None, 0));
    })
    .await;
}

#[tokio::test]
async fn commits_come_in_order_from_the_spans_first_to_its_last() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        for seq in 1..=9 {
            ana.push(storage, &format!("commit {seq}"), &[Edit::Write("mail", 10)]).await;
        }
        for (first, last, limit, seqs) in
            [(1, 9, 100, 1..=9), (3, 6, 100, 3..=6), (3, 9, 2, 3..=4), (8, 100, 100, 8..=9)]
        {
            let rows = storage.commits(ana.account, Span { first, last }, limit).await.unwrap();
            assert!(rows.iter().map(|row| row.seq).eq(seqs));
            assert!(rows.iter().all(|row| row.commit == message(&format!("commit {}", row.seq))));
        }
        assert!(storage.commits(ana.account, Span { first: 10, last: 100 }, 10).await.unwrap().is_empty());
    })
    .await;
}

/// `mail` is written by commits 1, 2 and 4, `bank` by 1 and 3.
async fn with_history(storage: &dyn Storage) -> Vault {
    let mut ana = Vault::founded(storage, "ana").await;
    ana.push(storage, "commit 1", &[Edit::Write("mail", 10), Edit::Write("bank", 20)]).await;
    ana.push(storage, "commit 2", &[Edit::Write("mail", 30)]).await;
    ana.push(storage, "commit 3", &[Edit::Write("bank", 40)]).await;
    ana.push(storage, "commit 4", &[Edit::Purge("mail")]).await;
    ana
}

#[tokio::test]
async fn an_item_that_a_span_changed_more_than_once_comes_once_as_of_the_spans_end() {
    on_each_database(async |storage| {
        let ana = with_history(storage).await;
        let row = |seq, name: &str, revision, size| {
            let envelope = (size > 0).then(|| envelope_hash(&format!("commit {seq}"), name));
            (seq, item(name), revision, envelope, size)
        };
        let told = |row: RevisionRow| (row.seq, row.element.item, row.element.revision, row.element.envelope, row.size);
        for (first, last, expected) in [
            (1, 2, vec![row(1, "bank", 1, 20), row(2, "mail", 2, 30)]),
            (1, 3, vec![row(2, "mail", 2, 30), row(3, "bank", 2, 40)]),
            (1, 4, vec![row(3, "bank", 2, 40), row(4, "mail", 3, 0)]),
            (2, 3, vec![row(2, "mail", 2, 30), row(3, "bank", 2, 40)]),
            (2, 2, vec![row(2, "mail", 2, 30)]),
            (4, 4, vec![row(4, "mail", 3, 0)]),
            (5, 9, vec![]),
        ] {
            let rows = storage.changed(ana.account, Span { first, last }, None, 100).await.unwrap();
            assert_eq!(rows.into_iter().map(told).collect::<Vec<_>>(), expected, "{first} to {last}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_envelopes_that_are_asked_for_and_there_are_given() {
    on_each_database(async |storage| {
        let ana = with_history(storage).await;
        let mut ben = Vault::founded(storage, "ben").await;
        ben.push(storage, "ben's commit", &[Edit::Write("mail", 50)]).await;

        assert_eq!(storage.envelopes(ana.account, &[]).await.unwrap(), []);
        let wanted: [(ItemId, u64); 4] =
            [(item("mail"), 2), (item("mail"), 3), (item("bank"), 9), (item("never there"), 1)];
        let given = storage.envelopes(ana.account, &wanted).await.unwrap();
        assert_eq!(given, [(item("mail"), 2, envelope("commit 2", "mail", 30))]);
        assert_eq!(ben.kept(storage, "mail", &[1, 2]).await, [(1, envelope("ben's commit", "mail", 50))]);
        assert!(ben.kept(storage, "bank", &[1]).await.is_empty());
    })
    .await;
}
