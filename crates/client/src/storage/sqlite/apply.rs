use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Element, VaultParts};
use keyfold_wire::ItemId;
use sqlx::{Connection, Row, SqliteConnection, SqlitePool};

use super::{
    database::Database,
    lock::lock,
    rows::{chain_name, to_sql},
};
use crate::storage::{Farewell, Head, Outbox, Profile, Revision, Says, Staged, StorageError, Write};

/// Revisions of an item that are kept, of good ones and of quarantined ones each.
const REVISIONS: i64 = 10;

const TABLES: [&str; 19] = [
    "authenticator",
    "profile",
    "roster_entries",
    "commits",
    "sealed_keys",
    "links",
    "vault",
    "heads",
    "receipts",
    "elements",
    "revisions",
    "envelopes",
    "edits",
    "outbox",
    "enrolment",
    "keyring",
    "purge",
    "lock",
    "proof",
];

pub(super) async fn add_edits(database: &Database, edits: Vec<(ItemId, Vec<u8>)>) -> Result<(), StorageError> {
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for (item, sealed) in edits {
        let query = sqlx::query("INSERT INTO edits (item, sealed) VALUES (?, ?)");
        query.bind(item.to_vec()).bind(sealed).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn add_enrolment_failure(pool: &SqlitePool, at: u64) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO enrolment_failures (at) VALUES (?)").bind(to_sql(at)).execute(pool).await?;
    Ok(())
}

pub(super) async fn stage(database: &Database, staged: Vec<Staged>) -> Result<(), StorageError> {
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for staged in staged {
        match staged {
            Staged::Commit { seq, head, commit } => {
                // A commit that is in force is never written over.
                let query = sqlx::query(
                    "INSERT OR REPLACE INTO commits (seq, head, body, signature)
                     SELECT ?1, ?2, ?3, ?4 WHERE ?1 > coalesce((SELECT seq FROM vault), 0)",
                );
                let query = query.bind(to_sql(seq)).bind(head.to_vec()).bind(commit.body).bind(commit.signature);
                query.execute(&mut *transaction).await?;
            }
            Staged::Envelope { hash, envelope } => put_envelope(&mut transaction, hash, envelope).await?,
        }
    }
    Ok(transaction.commit().await?)
}

pub(super) async fn apply(database: &Database, writes: Vec<Write>) -> Result<(), StorageError> {
    let wipes = writes.iter().any(|write| {
        matches!(write, Write::Erase | Write::SealedSecrets(_) | Write::KeyringSecrets(_) | Write::ClearKeyringSecrets)
    });
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut forgotten = Vec::new();
    for write in writes {
        one(&mut transaction, write, &mut forgotten).await?;
    }
    // Only now is it known whether a revision that came in the same step names one of them.
    drop_unnamed(&mut transaction, forgotten).await?;
    transaction.commit().await?;
    if wipes {
        wipe(&mut connection).await;
    }
    Ok(())
}

/// Takes what was overwritten out of the file and its log. The change itself is durable already: where a reader holds the
/// log, whoever closes the file last does this.
async fn wipe(connection: &mut SqliteConnection) {
    drop(sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await);
}

async fn one(
    connection: &mut SqliteConnection,
    write: Write,
    forgotten: &mut Vec<Vec<u8>>,
) -> Result<(), StorageError> {
    let query = match write {
        Write::Profile(profile) => return put_profile(connection, *profile).await,
        Write::Lock => return lock(connection).await,
        Write::Erase => return erase(connection).await,
        Write::Farewell(farewell) => return put_farewell(connection, farewell).await,
        Write::Vault(vault) => return put_vault(connection, *vault).await,
        Write::Head(chain, head) => return put_head(connection, chain, head).await,
        Write::Element(element) => return put_element(connection, element).await,
        Write::Revision(revision) => return put_revision(connection, revision, forgotten).await,
        Write::Purge(item) => return purge(connection, item, forgotten).await,
        Write::DropEdits(edits) => return drop_edits(connection, edits).await,
        Write::PutOutbox(outbox) => return put_outbox(connection, outbox).await,
        Write::Condition(condition) => sqlx::query("UPDATE profile SET condition = ?").bind(condition.name()),
        Write::SealedSecrets(sealed) => sqlx::query("UPDATE profile SET sealed_secrets = ?").bind(sealed),
        Write::KeyringSecrets(sealed) => {
            sqlx::query("INSERT OR REPLACE INTO keyring (id, sealed) VALUES (1, ?)").bind(sealed)
        }
        Write::ClearKeyringSecrets => sqlx::query("DELETE FROM keyring"),
        Write::Stopped(stop) => {
            let at = stop.as_ref().map(|stop| to_sql(stop.at));
            let (code, detail) = stop.map(|stop| (stop.code, stop.detail)).unzip();
            let query = sqlx::query("UPDATE profile SET stop_code = ?, stop_detail = ?, stop_at = ?");
            query.bind(code).bind(detail).bind(at)
        }
        Write::Entry { seq, entry } => {
            let query = sqlx::query("INSERT INTO roster_entries (seq, body, signature) VALUES (?, ?, ?)");
            query.bind(to_sql(seq)).bind(entry.body).bind(entry.signature)
        }
        Write::SealedKey(key) => {
            let query = sqlx::query("INSERT OR IGNORE INTO sealed_keys (roster_seq, sealed) VALUES (?, ?)");
            query.bind(to_sql(key.roster_seq)).bind(key.sealed)
        }
        Write::Link(link) => {
            let query = sqlx::query("INSERT OR IGNORE INTO links (roster_seq, epoch, sealed) VALUES (?, ?, ?)");
            query.bind(to_sql(link.roster_seq)).bind(to_sql(link.epoch)).bind(link.sealed)
        }
        Write::Epoch(item, epoch) => {
            let query = sqlx::query("UPDATE elements SET epoch = ? WHERE item = ?");
            query.bind(to_sql(epoch)).bind(item.to_vec())
        }
        Write::LookedForPurges(at) => {
            sqlx::query("INSERT OR REPLACE INTO purge (id, looked_at) VALUES (1, ?)").bind(to_sql(at))
        }
        Write::Proof(proof) => sqlx::query("INSERT OR REPLACE INTO proof (id, bytes) VALUES (1, ?)").bind(proof),
        Write::Sweep => return sweep(connection).await,
        Write::PutEnrolment(sealed) => {
            sqlx::query("INSERT OR REPLACE INTO enrolment (id, sealed) VALUES (1, ?)").bind(sealed)
        }
        Write::ClearEnrolment => sqlx::query("DELETE FROM enrolment"),
        Write::ClearOutbox(kind) => sqlx::query("DELETE FROM outbox WHERE kind = ?").bind(kind.name()),
    };
    query.execute(connection).await?;
    Ok(())
}

async fn put_profile(connection: &mut SqliteConnection, profile: Profile) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM farewell").execute(&mut *connection).await?;
    let query = sqlx::query(
        "INSERT INTO profile (id, account, device, server, ca, sealed_secrets, condition) VALUES (1, ?, ?, ?, ?, ?, ?)",
    );
    let query = query.bind(profile.account.to_vec()).bind(profile.device.to_vec()).bind(profile.server);
    let query = query.bind(profile.ca).bind(profile.sealed_secrets).bind(profile.condition.name());
    query.execute(connection).await?;
    Ok(())
}

async fn put_farewell(connection: &mut SqliteConnection, farewell: Farewell) -> Result<(), StorageError> {
    let query = "INSERT OR REPLACE INTO farewell (id, account, remover, at, unsent) VALUES (1, ?, ?, ?, ?)";
    let query = sqlx::query(query).bind(farewell.account.to_vec()).bind(farewell.remover);
    query.bind(to_sql(farewell.at)).bind(to_sql(farewell.unsent)).execute(connection).await?;
    Ok(())
}

async fn erase(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    for table in TABLES {
        let delete = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
        sqlx::query(delete).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn put_vault(connection: &mut SqliteConnection, vault: VaultParts) -> Result<(), StorageError> {
    let query = sqlx::query("INSERT OR REPLACE INTO vault (id, seq, head, at, count, state) VALUES (1, ?, ?, ?, ?, ?)");
    let query = query.bind(to_sql(vault.seq)).bind(vault.head.to_vec()).bind(to_sql(vault.at));
    query.bind(to_sql(vault.count)).bind(vault.set.to_bytes()).execute(connection).await?;
    Ok(())
}

async fn put_head(connection: &mut SqliteConnection, chain: Chain, head: Head) -> Result<(), StorageError> {
    for put in [
        "INSERT OR REPLACE INTO heads (chain, seq, head, body, signature) VALUES (?, ?, ?, ?, ?)",
        "INSERT OR REPLACE INTO receipts (chain, seq, head, body, signature) VALUES (?, ?, ?, ?, ?)",
    ] {
        let query = sqlx::query(put).bind(chain_name(chain)).bind(to_sql(head.seq)).bind(head.head.to_vec());
        query.bind(&head.receipt.body).bind(&head.receipt.signature).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn put_element(connection: &mut SqliteConnection, element: Element) -> Result<(), StorageError> {
    let query = sqlx::query("INSERT OR REPLACE INTO elements (item, revision, envelope) VALUES (?, ?, ?)");
    let query = query.bind(element.item.to_vec()).bind(to_sql(element.revision));
    query.bind(element.envelope.map(Hash::to_vec)).execute(connection).await?;
    Ok(())
}

async fn put_revision(
    connection: &mut SqliteConnection,
    revision: Revision,
    forgotten: &mut Vec<Vec<u8>>,
) -> Result<(), StorageError> {
    let item = revision.item.to_vec();
    let query = sqlx::query(
        "INSERT OR REPLACE INTO revisions (item, revision, envelope, seq, author, restates, fault)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    let query = query.bind(item.clone()).bind(to_sql(revision.revision)).bind(revision.envelope.map(Hash::to_vec));
    let query = query.bind(revision.seq.map(to_sql)).bind(revision.author.map(|author| author.to_vec()));
    query.bind(revision.says == Says::Again).bind(revision.fault).execute(&mut *connection).await?;
    let query = sqlx::query("UPDATE elements SET epoch = ? WHERE item = ? AND revision = ?");
    let query = query.bind(revision.epoch.map(to_sql)).bind(item.clone()).bind(to_sql(revision.revision));
    query.execute(&mut *connection).await?;
    if let Some(envelope) = revision.envelope {
        let query = sqlx::query("UPDATE envelopes SET staged = 0 WHERE hash = ?");
        query.bind(envelope.to_vec()).execute(&mut *connection).await?;
    }
    // The newest good revision stays, however many bad ones follow it; and so does what it said first.
    let old = "item = ?1
        AND revision IS NOT (SELECT max(revision) FROM revisions WHERE item = ?1)
        AND revision IS NOT (SELECT max(revision) FROM revisions WHERE item = ?1 AND fault IS NULL)
        AND (restates OR revision < (SELECT min(revision) FROM (
            SELECT alike.revision FROM revisions AS alike
            WHERE alike.item = ?1 AND NOT alike.restates AND (alike.fault IS NULL) = (revisions.fault IS NULL)
            ORDER BY alike.revision DESC LIMIT ?2)))";
    forget(connection, old, &item, forgotten).await
}

async fn purge(
    connection: &mut SqliteConnection,
    item: ItemId,
    forgotten: &mut Vec<Vec<u8>>,
) -> Result<(), StorageError> {
    forget(connection, "item = ?1 AND ?2 > 0", &item.to_vec(), forgotten).await
}

/// Deletes revisions; the envelopes that they named are forgotten, unless another revision names them.
async fn forget(
    connection: &mut SqliteConnection,
    which: &str,
    item: &[u8],
    forgotten: &mut Vec<Vec<u8>>,
) -> Result<(), StorageError> {
    let delete = sqlx::AssertSqlSafe(format!("DELETE FROM revisions WHERE {which} RETURNING envelope"));
    for row in sqlx::query(delete).bind(item).bind(REVISIONS).fetch_all(connection).await? {
        forgotten.extend(row.try_get::<Option<Vec<u8>>, _>(0)?);
    }
    Ok(())
}

/// An envelope may be named by several revisions, also of different items: a device may write what it likes.
async fn drop_unnamed(connection: &mut SqliteConnection, envelopes: Vec<Vec<u8>>) -> Result<(), StorageError> {
    let delete = "DELETE FROM envelopes WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM revisions WHERE envelope = ?1)";
    for envelope in envelopes {
        sqlx::query(delete).bind(envelope).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn sweep(connection: &mut SqliteConnection) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM envelopes WHERE staged = 1").execute(&mut *connection).await?;
    let commits = "DELETE FROM commits WHERE seq > coalesce((SELECT seq FROM vault), 0)";
    sqlx::query(commits).execute(connection).await?;
    Ok(())
}

async fn put_envelope(connection: &mut SqliteConnection, hash: Hash, envelope: Vec<u8>) -> Result<(), StorageError> {
    let query = sqlx::query("INSERT OR IGNORE INTO envelopes (hash, bytes, staged) VALUES (?, ?, 1)");
    query.bind(hash.to_vec()).bind(envelope).execute(connection).await?;
    Ok(())
}

async fn drop_edits(connection: &mut SqliteConnection, edits: Vec<i64>) -> Result<(), StorageError> {
    for edit in edits {
        sqlx::query("DELETE FROM edits WHERE id = ?").bind(edit).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn put_outbox(connection: &mut SqliteConnection, outbox: Outbox) -> Result<(), StorageError> {
    let edits: Vec<u8> = outbox.edits.iter().flat_map(|edit| edit.to_be_bytes()).collect();
    let query = sqlx::query("INSERT OR REPLACE INTO outbox (kind, message, edits) VALUES (?, ?, ?)");
    query.bind(outbox.kind.name()).bind(outbox.message).bind(edits).execute(connection).await?;
    Ok(())
}
