//! The vault grows by one commit at a time, each on the heads that it was checked against.

use futures_util::future::join_all;
use keyfold_ledger::{Element, SetState};
use keyfold_vault::storage::{Appended, Heads, PushWrite, Span, Standing, Storage, Written};

use crate::{
    databases::on_each_database,
    names::{NOW, item, message, named},
    vaults::{Edit, Vault, digest, envelope, envelope_hash},
};

/// What a push is checked against, in a form that can be compared.
#[derive(Debug, PartialEq)]
struct Sum {
    heads: Heads,
    at: u64,
    items: (u64, u64),
    bytes_used: u64,
    set: keyfold_crypto::Hash,
    changed: Vec<Element>,
}

async fn sum(storage: &dyn Storage, vault: &Vault, items: &[&str]) -> Sum {
    let mut base = vault.base(storage, items).await;
    base.changed.sort_by_key(|element| element.item);
    Sum {
        heads: base.heads,
        at: base.at,
        items: (base.count, base.elements),
        bytes_used: base.bytes_used,
        set: digest(vault, &base.set),
        changed: base.changed,
    }
}

fn element(name: &str, revision: u64, commit: &str) -> Element {
    Element { item: item(name), revision, envelope: Some(envelope_hash(commit, name)) }
}

#[tokio::test]
async fn a_commit_moves_the_vault_and_the_next_is_checked_against_it() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        ana.rotate(storage, "epoch 2").await;
        ana.push(storage, "commit 1", &[Edit::Write("mail", 300), Edit::Write("bank", 500)]).await;
        ana.push(storage, "commit 2", &[Edit::Write("mail", 800), Edit::Write("shop", 100)]).await;

        let commit = storage.commit(ana.account, 2).await.unwrap().unwrap();
        assert_eq!((commit.seq, commit.roster_seq, commit.commit), (2, 2, message("commit 2")));
        let mut elements =
            vec![element("mail", 2, "commit 2"), element("bank", 1, "commit 1"), element("shop", 1, "commit 2")];
        elements.sort_by_key(|element| element.item);
        let expected = Sum {
            heads: Heads { vault_seq: 2, vault_head: named("commit 2"), ..ana.heads },
            at: NOW + 1,
            items: (3, 3),
            bytes_used: 300 + 500 + 800 + 100,
            set: digest(&ana, &SetState::of(&elements)),
            changed: elements,
        };
        assert_eq!(sum(storage, &ana, &["mail", "bank", "shop", "never there"]).await, expected);
        assert_eq!(
            ana.kept(storage, "mail", &[1, 2, 3]).await,
            [(1, envelope("commit 1", "mail", 300)), (2, envelope("commit 2", "mail", 800)),]
        );
    })
    .await;
}

#[tokio::test]
async fn a_commit_on_heads_that_moved_writes_nothing() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let edits = [Edit::Write("mail", 300), Edit::Write("bank", 300)];
        let before_the_commit = ana.commit(storage, "late 1", &edits).await;
        ana.push(storage, "commit 1", &edits).await;
        let before_the_entry = ana.commit(storage, "late 2", &edits).await;
        ana.rotate(storage, "epoch 2").await;
        let stranger = Heads { vault_head: named("another history"), ..ana.heads };
        let elsewhere = PushWrite { expected: stranger, ..ana.commit(storage, "late 3", &[Edit::Purge("mail")]).await };

        let before = sum(storage, &ana, &["mail", "bank"]).await;
        for late in [before_the_commit, before_the_entry, elsewhere] {
            assert_eq!(storage.push(late).await.unwrap(), Written::Moved);
            assert_eq!(sum(storage, &ana, &["mail", "bank"]).await, before);
            assert!(storage.commit(ana.account, 2).await.unwrap().is_none());
            assert_eq!(ana.kept(storage, "mail", &[1, 2]).await, [(1, envelope("commit 1", "mail", 300))]);
        }
    })
    .await;
}

#[tokio::test]
async fn of_sixteen_commits_at_once_on_one_head_exactly_one_is_written() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        let texts: Vec<String> = (0..16).map(|number| format!("commit by {number}")).collect();
        let mut commits = Vec::new();
        for text in &texts {
            commits.push(ana.commit(storage, text, &[Edit::Write("mail", 300), Edit::Write(text, 300)]).await);
        }
        let written = join_all(commits.into_iter().map(|commit| storage.push(commit))).await;
        let written: Vec<Written> = written.into_iter().map(Result::unwrap).collect();
        assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1);

        let won = &texts[written.iter().position(|written| *written == Written::Done).unwrap()];
        let heads = Heads { vault_seq: 1, vault_head: named(won), ..ana.heads };
        assert_eq!(ana.standing(storage).await, Standing::Active(heads));
        let changed = storage.changed(ana.account, Span { first: 1, last: 100 }, None, 100).await.unwrap();
        let mut expected = vec![element("mail", 1, won), element(won, 1, won)];
        expected.sort_by_key(|element| element.item);
        assert!(changed.into_iter().map(|row| row.element).eq(expected));
    })
    .await;
}

#[tokio::test]
async fn a_commit_and_an_entry_at_once_on_one_head_do_not_both_stand() {
    on_each_database(async |storage| {
        let ana = Vault::founded(storage, "ana").await;
        let commit = ana.commit(storage, "commit", &[Edit::Write("mail", 300)]).await;
        let (pushed, appended) = tokio::join!(storage.push(commit), storage.append(ana.rotation("entry")));
        let heads = match (pushed.unwrap(), appended.unwrap()) {
            (Written::Done, Appended::Moved) => Heads { vault_seq: 1, vault_head: named("commit"), ..ana.heads },
            (Written::Moved, Appended::Done) => Heads { roster_seq: 2, roster_head: named("entry"), ..ana.heads },
            both => panic!("{both:?}"),
        };
        assert_eq!(ana.standing(storage).await, Standing::Active(heads));
    })
    .await;
}

#[tokio::test]
async fn a_commit_of_a_thousand_changes_is_written_whole() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let names: Vec<String> = (0..1_000).map(|number| format!("item {number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for revision in 1..=11 {
            let edits: Vec<Edit> = names.iter().map(|name| Edit::Write(name, 10)).collect();
            ana.push(storage, &format!("commit {revision}"), &edits).await;
        }
        let base = ana.base(storage, &names).await;
        assert_eq!((base.count, base.elements, base.changed.len()), (1_000, 1_000, 1_000));
        assert!(base.changed.iter().all(|element| element.revision == 11));
        assert_eq!((base.bytes_used, base.reclaimed), (1_000 * 10 * 10, 1_000 * 10));
    })
    .await;
}
