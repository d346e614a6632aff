use keyfold_client::{Clock, SystemClock};
use keyfold_crypto::{
    EpochKey,
    envelope::{self, Context, envelope_hash},
    random,
};
use keyfold_ledger::{Change, Commit, Content};
use keyfold_wire::{AccountId, ItemId, v1::Push};
use prost::Message;

use super::Device;
use crate::{failure::Failure, line::Line, output};

impl Device {
    /// The next push, of new items with so many bytes of content each, as the body of its request. The device goes on as
    /// if the server had accepted it.
    pub(crate) fn draft(&mut self, items: usize, content: usize) -> Result<Vec<u8>, Failure> {
        let epoch = self.account.roster().epoch().number;
        let sealed = seal_items(&self.epoch_key, self.account_id(), epoch, (items, content))?;
        let (changes, envelopes): (Vec<_>, Vec<_>) = sealed
            .into_iter()
            .map(|(item, envelope)| {
                let content = Content::Envelope(envelope_hash(&envelope));
                (Change { item, revision: 1, content }, envelope)
            })
            .unzip();
        let (roster, vault) = (self.account.roster(), self.account.vault());
        let commit = vault
            .draft(roster, self.id(), SystemClock.now(), &changes, &self.elements)
            .map_err(Failure::client("a commit"))?;
        let signed = self.author.signing.sign(&commit);
        let commit = Commit::parse(&signed).map_err(Failure::client("a commit"))?;
        let (account, written) = self.account.push(&commit, &self.elements).map_err(Failure::client("a commit"))?;
        self.account = account;
        self.elements.extend(written.into_iter().map(|element| (element.item, element)));
        Ok(Push { commit: Some(signed), envelopes }.encode_to_vec())
    }

    /// Fills the vault up to so many items, by pushes of at most 1,000.
    pub(crate) async fn fill(&mut self, line: &mut Line, items: usize, content: usize) -> Result<(), Failure> {
        while self.elements.len() < items {
            let some = (items - self.elements.len()).min(keyfold_ledger::MAX_CHANGES);
            let body = self.draft(some, content)?;
            line.ask(&self.push(&body)).await?;
            if items > REPORTED && self.elements.len().is_multiple_of(REPORTED) {
                output::progress(&format!("{} of {items} items pushed", self.elements.len()));
            }
        }
        Ok(())
    }

    /// Makes the vault's last commit one of a single item.
    pub(crate) async fn change_one(&mut self, line: &mut Line) -> Result<(), Failure> {
        let body = self.draft(1, TYPICAL)?;
        line.ask(&self.push(&body)).await.map(drop)
    }
}

/// So many new items of an account, ascending by their random ids, each sealed with so many bytes of content.
pub(crate) fn seal_items(
    key: &EpochKey,
    account: AccountId,
    epoch: u64,
    (items, content): (usize, usize),
) -> Result<Vec<(ItemId, Vec<u8>)>, Failure> {
    let mut rng = random::system();
    let content = vec![7; content];
    let mut ids: Vec<ItemId> = (0..items).map(|_| ItemId::new(random::bytes(&mut rng))).collect();
    ids.sort();
    let at = SystemClock.now();
    let sealed = ids.into_iter().map(|item| {
        let context = Context { account, item, revision: 1, epoch, at };
        Ok((item, envelope::seal(key, &context, &content, &mut rng).map_err(Failure::client("an item"))?))
    });
    sealed.collect()
}

/// Bytes of content of a passkey with its names: its envelope has a bucket of 512 bytes.
pub(crate) const TYPICAL: usize = 320;
/// Bytes of content that fit the smallest bucket, where the number of items matters and not their size.
pub(crate) const SMALLEST: usize = 200;
const REPORTED: usize = 10_000;
