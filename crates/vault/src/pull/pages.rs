use std::sync::Arc;

use bytes::Bytes;
use keyfold_crypto::Hash;
use keyfold_wire::AccountId;
use moka::sync::Cache;

use super::stream::Step;

/// Pages of pulls that were read a while ago, encoded: several devices of an account pull the same. Where the vault's head is
/// the same, so is a page of it, whoever pulls; what a pull has for its caller alone is in none.
#[derive(Clone)]
pub(super) struct Pages(Cache<PageOf, Arc<Page>>);

/// Which page: of this account, in a pull that ends at this head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PageOf {
    pub(super) account: AccountId,
    pub(super) vault_head: Hash,
    /// The first commit whose items' envelopes the pull gives.
    pub(super) since: u64,
    /// In the brief form.
    pub(super) brief: bool,
    pub(super) step: Step,
}

/// A page, and where the next begins.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) bytes: Bytes,
    pub(super) next: Step,
}

impl Pages {
    pub(super) fn new() -> Self {
        let weigh = |_: &PageOf, page: &Arc<Page>| u32::try_from(page.bytes.len() + BESIDE).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weigh).max_capacity(MEMORY).build())
    }

    pub(super) fn get(&self, of: &PageOf) -> Option<Arc<Page>> {
        self.0.get(of)
    }

    pub(super) fn keep(&self, of: PageOf, page: Page) {
        self.0.insert(of, Arc::new(page));
    }
}

/// Bytes of all pages.
const MEMORY: u64 = 32 * 1024 * 1024;
/// What a page takes beside its bytes.
const BESIDE: usize = 256;
