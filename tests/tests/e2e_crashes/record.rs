use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use keyfold_client::{
    AccountId, ItemId,
    api::{Frame, PullFrom},
};
use keyfold_ledger::{Commit, Entry};
use keyfold_wire::v1::Heads;
use tokio::sync::Notify;

use crate::device::Device;

/// What was answered, noted on the wire: no device's word is needed for it.
#[derive(Default)]
pub(crate) struct Record {
    requests: AtomicUsize,
    sent: Notify,
    /// Of each account and chain, the head that was acknowledged at each seq.
    heads: Mutex<BTreeMap<(AccountId, Chain, u64), Vec<u8>>>,
    acknowledged: AtomicUsize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Chain {
    Roster,
    Vault,
}

impl Record {
    /// A request goes out.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.sent.notify_waiters();
    }

    /// Waits until so many more have gone out.
    pub(crate) async fn requests(&self, more: usize) {
        let until = self.requests.load(Ordering::SeqCst) + more;
        loop {
            let sent = self.sent.notified();
            if self.requests.load(Ordering::SeqCst) >= until {
                return;
            }
            sent.await;
        }
    }

    /// A write was acknowledged with these heads.
    pub(crate) fn accepted(&self, account: AccountId, heads: &Heads) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        self.seen(account, heads);
    }

    /// These heads were shown, under the server's receipts: a second history would differ from them.
    pub(crate) fn seen(&self, account: AccountId, heads: &Heads) {
        let mut noted = self.heads.lock().unwrap();
        for (chain, seq, head) in
            [(Chain::Roster, heads.roster_seq, &heads.roster_head), (Chain::Vault, heads.vault_seq, &heads.vault_head)]
        {
            let before = noted.entry((account, chain, seq)).or_insert_with(|| head.clone());
            assert_eq!(before, head, "two heads at {chain:?} {seq}");
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// Pulls an account from its first entry on and holds both chains, and every item, against what was answered.
pub(crate) async fn histories_hold(devices: &[Device], record: &Record) {
    let account = devices[0].account();
    let frames = devices[0].pulls(PullFrom::Nothing).await;
    let mut chains: BTreeMap<(Chain, u64), Vec<u8>> = BTreeMap::new();
    for frame in &frames {
        match frame {
            Frame::Entry(entry) => {
                let entry = Entry::parse(entry).unwrap();
                assert_eq!(chains.insert((Chain::Roster, entry.seq()), entry.hash().to_vec()), None);
            }
            Frame::Commit(commit) => {
                let commit = Commit::parse(commit).unwrap();
                assert_eq!(chains.insert((Chain::Vault, commit.seq()), commit.hash().to_vec()), None);
            }
            _ => {}
        }
    }
    let noted = record.heads.lock().unwrap().clone();
    let mut held = 0;
    for ((_, chain, seq), head) in noted.iter().filter(|((of, ..), head)| *of == account && !head.is_empty()) {
        if (*chain, *seq) == (Chain::Vault, 0) {
            continue;
        }
        assert_eq!(chains.get(&(*chain, *seq)), Some(head), "{chain:?} {seq} was acknowledged");
        held += 1;
    }
    assert!(held > 2, "nothing was held");

    // Every passkey that some device made, and no other, is on each.
    let made: BTreeSet<ItemId> = devices.iter().flat_map(|device| device.made.iter().copied()).collect();
    for device in devices {
        assert_eq!(device.items().await, made);
    }
}
