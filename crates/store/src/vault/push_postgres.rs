use std::collections::BTreeSet;

use keyfold_vault::storage::{Change, KEPT_REVISIONS, PushWrite, StorageError, Written};
use sea_orm::sqlx;

use super::postgres_session::PostgresSession;
use crate::{
    Database,
    value::{envelope_hash, signed},
};

/// Writes commits of as many accounts in one statement, which is a transaction of its own: on the way to another machine,
/// time is what passes between statements. All of a commit hangs on whether its account still stands where it was checked.
pub(super) async fn push(
    database: &Database,
    session: &mut PostgresSession,
    group: &[PushWrite],
) -> Result<Vec<Written>, StorageError> {
    // Two servers whose groups have accounts in common mostly lock them in the same order.
    let mut writes: Vec<&PushWrite> = group.iter().collect();
    writes.sort_unstable_by_key(|write| write.account);
    let bytes = |of: fn(&PushWrite) -> &[u8]| -> Vec<&[u8]> { writes.iter().copied().map(of).collect() };
    let numbers = |of: fn(&PushWrite) -> u64| -> Vec<i64> { writes.iter().copied().map(of).map(signed).collect() };
    let used = |write: &PushWrite| signed(write.bytes_added).saturating_sub(signed(write.bytes_reclaimed));
    let states: Vec<Vec<u8>> = writes.iter().map(|write| write.set.to_bytes()).collect();
    let changes: Vec<(&PushWrite, &Change)> =
        writes.iter().flat_map(|write| write.changes.iter().map(move |change| (*write, change))).collect();
    let envelopes: Vec<Option<&[u8]>> = changes.iter().map(|(_, change)| change.envelope.as_deref()).collect();
    let sizes: Vec<i64> = envelopes.iter().map(|envelope| signed(envelope.map_or(0, length))).collect();
    let statement = sqlx::query_scalar(PUSH)
        .bind(bytes(|write| write.account.as_bytes()))
        .bind(bytes(|write| write.expected.roster_head.as_bytes()))
        .bind(bytes(|write| write.expected.vault_head.as_bytes()))
        .bind(numbers(|write| write.expected.roster_seq))
        .bind(numbers(|write| write.expected.vault_seq.saturating_add(1)))
        .bind(bytes(|write| write.hash.as_bytes()))
        .bind(numbers(|write| write.at))
        .bind(numbers(|write| write.count))
        .bind(numbers(|write| write.elements))
        .bind(writes.iter().copied().map(used).collect::<Vec<_>>())
        .bind(states)
        .bind(bytes(|write| &write.commit.body))
        .bind(bytes(|write| &write.commit.signature))
        .bind(numbers(|write| write.purge_due))
        .bind(changes.iter().map(|(write, _)| write.account.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.element.item.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| signed(change.element.revision)).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.element.is_tombstone()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| envelope_hash(&change.element)).collect::<Vec<_>>())
        .bind(sizes)
        .bind(envelopes)
        .bind(signed(KEPT_REVISIONS));
    let moved: Vec<Vec<u8>> = session.ask(database, async |connection| statement.fetch_all(connection).await).await?;
    let moved: BTreeSet<Vec<u8>> = moved.into_iter().collect();
    let written = |write: &PushWrite| {
        if moved.contains(write.account.as_bytes().as_slice()) { Written::Done } else { Written::Moved }
    };
    Ok(group.iter().map(written).collect())
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The same text however much it writes, so that PostgreSQL plans it once.
const PUSH: &str = "
    WITH written AS (
        SELECT * FROM unnest(
            $1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bigint[]
        ) AS written (
            account_id, roster_head, prev, roster_seq, seq, head, at, items,
            elements, bytes, state, body, signature, purge_due
        )
    ), moved AS (
        UPDATE accounts SET vault_seq = written.seq, vault_head = written.head, vault_at = written.at,
            item_count = written.items, element_count = written.elements, bytes_used = bytes_used + written.bytes,
            set_state = written.state
        FROM written
        WHERE accounts.account_id = written.account_id AND NOT accounts.behind
            AND accounts.roster_head = written.roster_head AND accounts.vault_head = written.prev
        RETURNING accounts.account_id, written.roster_seq, written.seq, written.body, written.signature, written.purge_due
    ), change AS (
        SELECT moved.account_id, moved.seq, moved.purge_due, item_id, revision, tombstone, envelope_hash, size, envelope
        FROM moved JOIN unnest(
            $15::bytea[], $16::bytea[], $17::bigint[], $18::boolean[], $19::bytea[], $20::bigint[], $21::bytea[]
        ) AS change (account_id, item_id, revision, tombstone, envelope_hash, size, envelope)
            ON change.account_id = moved.account_id
    ), committed AS (
        INSERT INTO commits (account_id, seq, roster_seq, body, signature)
        SELECT account_id, seq, roster_seq, body, signature FROM moved
    ), purged AS (
        INSERT INTO purges (account_id, due, item_id)
        SELECT account_id, purge_due, item_id FROM change WHERE tombstone
    ), pruned AS (
        UPDATE revisions SET envelope = NULL, size = 0 FROM change
        WHERE revisions.account_id = change.account_id AND revisions.item_id = change.item_id
            AND revisions.revision = change.revision - $22
    ), revised AS (
        INSERT INTO revisions (account_id, item_id, revision, seq, tombstone, envelope_hash, size, envelope)
        SELECT account_id, item_id, revision, seq, tombstone, envelope_hash, size, envelope FROM change
    )
    SELECT account_id FROM moved";
