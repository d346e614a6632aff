use keyfold_vault::storage::{Change, KEPT_REVISIONS, PushWrite, StorageError, Written};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use crate::{
    Database,
    error::unavailable,
    value::{envelope_hash, signed},
};

/// Writes a commit in one statement, which is a transaction of its own: on the way to another machine, time is what passes
/// between statements. Everything hangs on whether the account still stands where the commit was checked.
pub(super) async fn push(database: &Database, write: PushWrite) -> Result<Written, StorageError> {
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql(&write.changes), values(write));
    let written = database.reader.execute_raw(statement).await.map_err(unavailable)?;
    Ok(if written.rows_affected() == 1 { Written::Done } else { Written::Moved })
}

fn sql(changes: &[Change]) -> String {
    let rows: Vec<String> = (0..changes.len()).map(row).collect();
    let rows = if rows.is_empty() { NO_ROW.to_owned() } else { format!("VALUES {}", rows.join(", ")) };
    format!(
        "WITH moved AS (
            UPDATE accounts SET vault_seq = $2, vault_head = $3, vault_at = $4, item_count = $5, element_count = $6,
                bytes_used = bytes_used + $7, set_state = $8
            WHERE account_id = $1 AND NOT behind AND roster_head = $9 AND vault_head = $10
            RETURNING account_id
        ), change (item_id, revision, tombstone, envelope_hash, size, envelope) AS (
            {rows}
        ), committed AS (
            INSERT INTO commits (account_id, seq, roster_seq, body, signature)
            SELECT account_id, $2, $11, $12, $13 FROM moved
        ), purged AS (
            INSERT INTO purges (account_id, due, item_id)
            SELECT account_id, $14, item_id FROM moved, change WHERE tombstone
        ), pruned AS (
            UPDATE revisions SET envelope = NULL, size = 0 FROM moved, change
            WHERE revisions.account_id = moved.account_id AND revisions.item_id = change.item_id
                AND revisions.revision = change.revision - {KEPT_REVISIONS}
        ), kept AS (
            INSERT INTO items (account_id, item_id, revision, tombstone, envelope_hash)
            SELECT account_id, item_id, revision, tombstone, envelope_hash FROM moved, change
            ON CONFLICT (account_id, item_id) DO UPDATE SET revision = excluded.revision,
                tombstone = excluded.tombstone, envelope_hash = excluded.envelope_hash
        ), revised AS (
            INSERT INTO revisions (account_id, item_id, revision, seq, tombstone, envelope_hash, size, envelope)
            SELECT account_id, item_id, revision, $2, tombstone, envelope_hash, size, envelope FROM moved, change
        )
        SELECT 1 FROM moved"
    )
}

fn row(index: usize) -> String {
    let first = BEFORE_CHANGES + index * EACH_CHANGE;
    let [item, revision, tombstone, hash, size, envelope] = [1, 2, 3, 4, 5, 6].map(|place| first + place);
    format!(
        "(${item}::bytea, ${revision}::bigint, ${tombstone}::boolean, ${hash}::bytea, ${size}::bigint, ${envelope}::bytea)"
    )
}

fn values(write: PushWrite) -> Vec<Value> {
    let used = signed(write.bytes_added).saturating_sub(signed(write.bytes_reclaimed));
    let mut values: Vec<Value> = Vec::with_capacity(BEFORE_CHANGES + write.changes.len() * EACH_CHANGE);
    values.extend([
        write.account.to_vec().into(),
        signed(write.expected.vault_seq.saturating_add(1)).into(),
        write.hash.to_vec().into(),
        signed(write.at).into(),
        signed(write.count).into(),
        signed(write.elements).into(),
        used.into(),
        write.set.to_bytes().into(),
        write.expected.roster_head.to_vec().into(),
        write.expected.vault_head.to_vec().into(),
        signed(write.expected.roster_seq).into(),
        write.commit.body.into(),
        write.commit.signature.into(),
        signed(write.purge_due).into(),
    ]);
    for Change { element, envelope } in write.changes {
        let size = envelope.as_ref().map_or(0, |envelope| i64::try_from(envelope.len()).unwrap_or(i64::MAX));
        values.extend([
            element.item.to_vec().into(),
            signed(element.revision).into(),
            element.is_tombstone().into(),
            envelope_hash(&element).into(),
            size.into(),
            envelope.into(),
        ]);
    }
    values
}

const NO_ROW: &str = "SELECT ''::bytea, 0::bigint, FALSE, ''::bytea, 0::bigint, ''::bytea WHERE FALSE";
const BEFORE_CHANGES: usize = 14;
const EACH_CHANGE: usize = 6;
