//! A write whose caller goes away in the middle is there as a whole or not at all, and stands in nobody's way.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use keyfold_vault::storage::Written;

use crate::{
    databases::on_each_database,
    names::message,
    vaults::{Edit, Vault, envelope},
};

const EDITS: [Edit<'static>; 2] = [Edit::Write("mail", 100), Edit::Write("bank", 100)];

#[tokio::test]
async fn a_commit_that_is_given_up_at_any_moment_is_whole_or_not_there() {
    on_each_database(async |storage| {
        let mut ana = Vault::founded(storage, "ana").await;
        let mut given_up = 0;
        for patience in 0..60 {
            let (abandoned, next) = (format!("abandoned {patience}"), format!("next {patience}"));
            let write = ana.commit(storage, &abandoned, &EDITS).await;
            let rival = ana.commit(storage, &next, &EDITS).await;
            let (seq, hashes) = (ana.heads.vault_seq + 1, [write.hash, rival.hash]);
            let ended = give_up_after(patience, storage.push(write)).await.is_some();
            given_up += usize::from(!ended);

            // Of two commits on one head one stands, and the answer to the second tells which.
            let (won, hash) = match storage.push(rival).await.unwrap() {
                Written::Moved => (abandoned, hashes[0]),
                Written::Done => (next, hashes[1]),
            };
            assert!(!ended || hash == hashes[0]);
            (ana.heads.vault_seq, ana.heads.vault_head) = (seq, hash);
            let base = ana.base(storage, &["mail", "bank"]).await;
            assert_eq!((base.heads, base.elements, base.bytes_used), (ana.heads, 2, 200 * seq.min(10)));
            assert_eq!(storage.commit(ana.account, seq).await.unwrap().unwrap().commit, message(&won));
            for name in ["mail", "bank"] {
                assert_eq!(ana.kept(storage, name, &[seq, seq + 1]).await, [(seq, envelope(&won, name, 100))]);
            }
        }
        assert!(given_up > 0, "no commit was given up: none took so long");
    })
    .await;
}

/// The future's outcome, unless it has to be asked more often than this.
async fn give_up_after<T>(patience: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut asked = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending if asked == patience => Poll::Ready(None),
        Poll::Pending => {
            asked += 1;
            Poll::Pending
        }
    })
    .await
}
