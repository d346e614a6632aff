//! Read page by page, a pull's items are the same as read at once, and as told by the commits one after the other.

use std::collections::BTreeMap;

use keyfold_vault::storage::{Cursor, RevisionRow, Span, Storage};
use keyfold_wire::ItemId;

use crate::{
    databases::on_each_database,
    names::item,
    vaults::{Edit, Vault},
};

const ITEMS: [&str; 9] = ["bank", "blog", "chat", "forum", "game", "mail", "news", "shop", "work"];

#[tokio::test]
async fn pages_of_any_size_tell_what_the_commits_tell() {
    on_each_database(async |storage| {
        let (ana, commits) = with_many_commits(storage).await;
        let last = commits.len() as u64;
        for first in 1..=last {
            for last in first..=last {
                let span = Span { first, last };
                let expected = told_by(&commits, span);
                for limit in [1, 2, 3, 7, 100] {
                    assert_eq!(page_by_page(storage, &ana, span, limit).await, expected, "{span:?} by {limit}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_ends_within_a_commit_and_the_next_goes_on_there() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let edits = ITEMS.map(|name| Edit::Write(name, 10));
        ana.push(storage, "commit 1", &edits).await;
        ana.push(storage, "commit 2", &[Edit::Write("another", 10)]).await;
        let span = Span { first: 1, last: 2 };

        let mut ascending = ITEMS.map(item);
        ascending.sort();
        let page = storage.changed(ana.account, span, None, 4).await.unwrap();
        assert!(page.iter().map(|row| row.element.item).eq(ascending[..4].iter().copied()));
        let cursor = Some(Cursor { seq: 1, item: ascending[3] });
        let next = storage.changed(ana.account, span, cursor, 100).await.unwrap();
        assert!(next.iter().map(|row| row.element.item).eq(ascending[4..].iter().copied().chain([item("another")])));
        let end = Some(Cursor { seq: 2, item: item("another") });
        assert!(storage.changed(ana.account, span, end, 100).await.unwrap().is_empty());
    })
    .await;
}

/// An account whose twelve commits each change some of nine items, by a rule that mixes them well; and what each changed.
async fn with_many_commits(storage: &dyn Storage) -> (Vault, Vec<Vec<&'static str>>) {
    let mut ana = Vault::founded(storage, "ana").await;
    let mut commits = Vec::new();
    for seq in 1..=12_usize {
        let changed: Vec<&str> =
            ITEMS.iter().copied().enumerate().filter(|(n, _)| (n * n + seq) % 4 < 2).map(|(_, item)| item).collect();
        let edits: Vec<Edit> = changed.iter().map(|name| Edit::Write(name, seq)).collect();
        ana.push(storage, &format!("commit {seq}"), &edits).await;
        commits.push(changed);
    }
    (ana, commits)
}

/// Seq, item and revision of each item's last change in the span, ascending.
fn told_by(commits: &[Vec<&str>], span: Span) -> Vec<(u64, ItemId, u64)> {
    let mut revisions: BTreeMap<ItemId, (u64, u64)> = BTreeMap::new();
    for (seq, changed) in (1..=span.last).zip(commits) {
        for name in changed {
            let latest = revisions.entry(item(name)).or_default();
            *latest = (seq, latest.1 + 1);
        }
    }
    let latest = revisions.into_iter().map(|(item, (seq, revision))| (seq, item, revision));
    let mut told: Vec<_> = latest.filter(|(seq, _, _)| *seq >= span.first).collect();
    told.sort();
    told
}

async fn page_by_page(storage: &dyn Storage, vault: &Vault, span: Span, limit: u64) -> Vec<(u64, ItemId, u64)> {
    let mut rows: Vec<RevisionRow> = Vec::new();
    loop {
        let cursor = rows.last().map(|row| Cursor { seq: row.seq, item: row.element.item });
        let page = storage.changed(vault.account, span, cursor, limit).await.unwrap();
        assert!(page.len() as u64 <= limit);
        if page.is_empty() {
            return rows.into_iter().map(|row| (row.seq, row.element.item, row.element.revision)).collect();
        }
        rows.extend(page);
    }
}
