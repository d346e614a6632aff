use keyfold_crypto::exact;
use keyfold_ledger::{Entry, Vault};
use keyfold_wire::v1::AppendEntry;

use super::{incoming::Incoming, outgoing::read_push};
use crate::storage::{OutboxKind, Storage, StorageError, Write};

/// What a pull tells of messages whose answer was lost: taken, or never to be taken any more. One that may still be taken
/// stays in the outbox, to be sent again as it is.
pub(super) async fn writes(storage: &dyn Storage, incoming: &Incoming) -> Result<Vec<Write>, StorageError> {
    let mut writes = Vec::new();
    if let Some(outbox) = storage.outbox(OutboxKind::Commit).await? {
        match read_push(&outbox.message) {
            Some((commit, _)) if incoming.took_commit(&commit) => {
                writes.extend([Write::DropEdits(outbox.edits), Write::ClearOutbox(OutboxKind::Commit)]);
            }
            Some((commit, _)) if incoming.has_room_for(&commit) => {}
            _ => writes.push(Write::ClearOutbox(OutboxKind::Commit)),
        }
    }
    if let Some(outbox) = storage.outbox(OutboxKind::Roster).await? {
        let entry = exact::decode::<AppendEntry>(&outbox.message, usize::MAX).ok().and_then(|append| append.entry);
        let entry = entry.and_then(|signed| Entry::parse(&signed).ok());
        let next = entry.is_some_and(|entry| {
            let vault_head = incoming.latest_vault().map(Vault::head);
            entry.prev() == incoming.roster().head() && Some(entry.vault_head()) == vault_head
        });
        if !next {
            writes.push(Write::ClearOutbox(OutboxKind::Roster));
        }
    }
    Ok(writes)
}
