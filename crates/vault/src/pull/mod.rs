//! Pulls: everything that a device has not seen, as of the heads where the pull begins, streamed in pages.

mod frames;
mod pages;
mod plan;
mod stream;

pub use plan::{PullError, Since};

use std::sync::Arc;

use bytes::Bytes;
use futures_core::stream::BoxStream;

use self::pages::Pages;
use crate::{AccountUnavailable, Caller, HeadBoard, rosters::Rosters, storage::Storage};

/// Streams what a device has not seen.
pub struct Pulls {
    storage: Arc<dyn Storage>,
    rosters: Arc<Rosters>,
    heads: Arc<HeadBoard>,
    pages: Pages,
}

/// Length-prefixed frames, some to a chunk. A stream that breaks off has no end frame.
pub type FrameStream = BoxStream<'static, Result<Bytes, AccountUnavailable>>;

impl Pulls {
    pub(crate) fn new(storage: Arc<dyn Storage>, rosters: Arc<Rosters>, heads: Arc<HeadBoard>) -> Self {
        Self { storage, rosters, heads, pages: Pages::new() }
    }

    /// Begins a pull at the heads as they stand now.
    ///
    /// # Errors
    /// [`PullError`]; once the stream has begun, only [`AccountUnavailable`].
    pub async fn pull(&self, caller: &Caller, since: Since) -> Result<FrameStream, PullError> {
        let (heads, roster) = self.rosters.current(caller.account).await?;
        roster.members().get(&caller.device).ok_or(PullError::NotAMember)?;
        let plan = self.plan(caller, since, heads).await?;
        let message = self.heads.message(caller.account, &heads);
        let (storage, board) = (Arc::clone(&self.storage), Arc::clone(&self.heads));
        Ok(stream::frames(storage, board, self.pages.clone(), *caller, plan, message).await?)
    }
}
