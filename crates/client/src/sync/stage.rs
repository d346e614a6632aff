use crate::storage::{Staged, Step, Storage, StorageError};

/// What is laid down ahead of the one transaction that makes it count, in pieces of bounded size.
#[derive(Default)]
pub(super) struct Stage {
    waiting: Vec<Staged>,
    bytes: usize,
}

impl Stage {
    pub(super) async fn put(
        &mut self,
        storage: &dyn Storage,
        step: &Step,
        staged: Staged,
        bytes: usize,
    ) -> Result<(), StorageError> {
        self.waiting.push(staged);
        self.bytes += bytes;
        if self.bytes > PIECE { self.flush(storage, step).await } else { Ok(()) }
    }

    pub(super) async fn flush(&mut self, storage: &dyn Storage, step: &Step) -> Result<(), StorageError> {
        self.bytes = 0;
        storage.stage(step, std::mem::take(&mut self.waiting)).await
    }
}

/// Bytes in memory before they are laid down.
const PIECE: usize = 2 * 1024 * 1024;
