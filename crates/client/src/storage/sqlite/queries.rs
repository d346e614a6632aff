use keyfold_crypto::Hash;
use keyfold_ledger::{Chain, Element, SetState, VaultParts};
use keyfold_wire::{ItemId, v1::Signed};
use sqlx::{Connection, Row, SqlitePool, sqlite::SqliteRow};

use super::{
    database::Database,
    rows::{chain_name, damaged, hash, id, number, optional_hash, optional_id, signed, to_sql},
};
use crate::storage::{
    Chains, Condition, Edit, Farewell, Fault, Head, Mark, Outbox, OutboxKind, Past, Profile, Quarantined, SealedKey,
    SealedLink, Shown, Stop, StorageError, StoredItem,
};

pub(super) async fn profile(pool: &SqlitePool) -> Result<Option<Profile>, StorageError> {
    let Some(row) = sqlx::query("SELECT * FROM profile").fetch_optional(pool).await? else {
        return Ok(None);
    };
    let stopped = match row.try_get::<Option<String>, _>("stop_code")? {
        Some(code) => Some(Stop { code, detail: row.try_get("stop_detail")?, at: number(&row, "stop_at")? }),
        None => None,
    };
    Ok(Some(Profile {
        account: id(&row, "account")?,
        device: id(&row, "device")?,
        server: row.try_get("server")?,
        ca: row.try_get("ca")?,
        sealed_secrets: row.try_get("sealed_secrets")?,
        condition: Condition::named(row.try_get("condition")?)?,
        stopped,
    }))
}

/// How often the one connection of a database in memory has changed a row.
pub(super) async fn changes(pool: &SqlitePool) -> Result<Mark, StorageError> {
    let row = sqlx::query("SELECT total_changes() AS changes").fetch_one(pool).await?;
    Ok(Mark::new(number(&row, "changes")?))
}

pub(super) async fn keyring_secrets(pool: &SqlitePool) -> Result<Option<Vec<u8>>, StorageError> {
    let row = sqlx::query("SELECT sealed FROM keyring").fetch_optional(pool).await?;
    Ok(row.map(|row| row.try_get("sealed")).transpose()?)
}

pub(super) async fn farewell(pool: &SqlitePool) -> Result<Option<Farewell>, StorageError> {
    let Some(row) = sqlx::query("SELECT * FROM farewell").fetch_optional(pool).await? else { return Ok(None) };
    Ok(Some(Farewell {
        account: id(&row, "account")?,
        remover: row.try_get("remover")?,
        at: number(&row, "at")?,
        unsent: number(&row, "unsent")?,
    }))
}

pub(super) async fn chains(database: &Database) -> Result<Chains, StorageError> {
    // One read transaction, so that another process's step is seen as a whole.
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin().await?;
    let connection = &mut *transaction;
    let entries = sqlx::query("SELECT body, signature FROM roster_entries ORDER BY seq").fetch_all(&mut *connection);
    let entries = entries.await?.iter().map(signed).collect::<Result<_, _>>()?;
    let sealed_keys = sqlx::query("SELECT * FROM sealed_keys ORDER BY roster_seq").fetch_all(&mut *connection);
    let sealed_keys = sealed_keys.await?.iter().map(sealed_key).collect::<Result<_, _>>()?;
    let links = sqlx::query("SELECT * FROM links ORDER BY roster_seq, epoch").fetch_all(&mut *connection);
    let links = links.await?.iter().map(link).collect::<Result<_, _>>()?;
    let vault = sqlx::query("SELECT * FROM vault").fetch_optional(&mut *connection).await?;
    let vault = vault.as_ref().map(vault_head).transpose()?;
    let mut heads = [None, None];
    for (chain, place) in [Chain::Roster, Chain::Vault].into_iter().zip(&mut heads) {
        let row = sqlx::query("SELECT * FROM heads WHERE chain = ?").bind(chain_name(chain));
        *place = row.fetch_optional(&mut *connection).await?.as_ref().map(head).transpose()?;
    }
    let [roster_head, vault_head] = heads;
    transaction.commit().await?;
    Ok(Chains { entries, sealed_keys, links, vault, roster_head, vault_head })
}

pub(super) async fn receipt(pool: &SqlitePool, chain: Chain, seq: u64) -> Result<Option<Head>, StorageError> {
    let query = sqlx::query("SELECT * FROM receipts WHERE chain = ? AND seq = ?");
    let row = query.bind(chain_name(chain)).bind(to_sql(seq)).fetch_optional(pool).await?;
    row.as_ref().map(head).transpose()
}

pub(super) async fn commit_head(pool: &SqlitePool, seq: u64) -> Result<Option<Hash>, StorageError> {
    let query = "SELECT head FROM commits WHERE seq = ? AND seq <= (SELECT seq FROM vault)";
    let row = sqlx::query(query).bind(to_sql(seq)).fetch_optional(pool).await?;
    row.as_ref().map(|row| hash(row, "head")).transpose()
}

pub(super) async fn elements(database: &Database, items: &[ItemId]) -> Result<Vec<Element>, StorageError> {
    let mut connection = database.for_transaction().await?;
    let mut transaction = connection.begin().await?;
    let mut elements = Vec::with_capacity(items.len());
    for item in items {
        let query = "SELECT item, revision, envelope FROM elements WHERE item = ?";
        let row = sqlx::query(query).bind(item.as_bytes().as_slice()).fetch_optional(&mut *transaction).await?;
        elements.extend(row.as_ref().map(element).transpose()?);
    }
    transaction.commit().await?;
    Ok(elements)
}

const ITEMS: &str = "
    SELECT e.item, e.revision, e.envelope,
        good.revision AS good_revision, good.author AS good_author, envelopes.bytes AS bytes,
        latest.author AS fault_author, latest.fault AS fault
    FROM elements e
    LEFT JOIN revisions latest ON latest.item = e.item AND latest.revision = e.revision
    LEFT JOIN revisions good ON good.item = e.item AND good.revision =
        (SELECT max(revision) FROM revisions r WHERE r.item = e.item AND r.fault IS NULL)
    LEFT JOIN envelopes ON envelopes.hash = good.envelope";

pub(super) async fn items(pool: &SqlitePool) -> Result<Vec<StoredItem>, StorageError> {
    let rows = sqlx::query(ITEMS).fetch_all(pool).await?;
    rows.iter().map(stored_item).collect()
}

pub(super) async fn item(pool: &SqlitePool, item: ItemId) -> Result<Option<StoredItem>, StorageError> {
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{ITEMS} WHERE e.item = ?")));
    let row = query.bind(item.as_bytes().as_slice()).fetch_optional(pool).await?;
    row.as_ref().map(stored_item).transpose()
}

pub(super) async fn history(pool: &SqlitePool, item: ItemId) -> Result<Vec<Past>, StorageError> {
    let query = "
        SELECT r.revision, r.author, e.bytes FROM revisions r JOIN envelopes e ON e.hash = r.envelope
        WHERE r.item = ? AND r.fault IS NULL AND NOT r.restates ORDER BY r.revision DESC";
    let rows = sqlx::query(query).bind(item.as_bytes().as_slice()).fetch_all(pool).await?;
    let past = |row: &SqliteRow| {
        let (revision, author) = (number(row, "revision")?, optional_id(row, "author")?);
        Ok(Past { revision, author, envelope: row.try_get("bytes")? })
    };
    rows.iter().map(past).collect()
}

pub(super) async fn proof(pool: &SqlitePool) -> Result<Option<Vec<u8>>, StorageError> {
    let row = sqlx::query("SELECT bytes FROM proof").fetch_optional(pool).await?;
    Ok(row.map(|row| row.try_get("bytes")).transpose()?)
}

pub(super) async fn looked_for_purges(pool: &SqlitePool) -> Result<Option<u64>, StorageError> {
    let row = sqlx::query("SELECT looked_at FROM purge").fetch_optional(pool).await?;
    row.map(|row| number(&row, "looked_at")).transpose()
}

pub(super) async fn quarantined(pool: &SqlitePool, reason: &str) -> Result<Vec<Quarantined>, StorageError> {
    let query = "
        SELECT e.item, e.revision, e.envelope, r.seq, before.item AS has_before, before.envelope AS before
        FROM revisions r
        JOIN elements e ON e.item = r.item AND e.revision = r.revision
        LEFT JOIN revisions before ON before.item = r.item AND before.revision = r.revision - 1
        WHERE r.fault = ?";
    let rows = sqlx::query(query).bind(reason).fetch_all(pool).await?;
    let quarantined = |row: &SqliteRow| {
        let element = element(row)?;
        let is_kept = row.try_get::<Option<Vec<u8>>, _>("has_before")?.is_some();
        let previous = match element.revision {
            1 => Some(None),
            _ if is_kept => Some(optional_hash(row, "before")?),
            _ => None,
        };
        let seq = row.try_get::<Option<i64>, _>("seq")?.map(|_| number(row, "seq")).transpose()?;
        Ok(Quarantined { element, seq, previous })
    };
    rows.iter().map(quarantined).collect()
}

pub(super) async fn first_quarantined(
    pool: &SqlitePool,
    item: ItemId,
    reason: &str,
) -> Result<Option<u64>, StorageError> {
    let query = "
        SELECT seq FROM revisions
        WHERE item = ?1 AND fault = ?2 AND seq IS NOT NULL
            AND revision > coalesce((SELECT max(revision) FROM revisions WHERE item = ?1 AND fault IS NULL), 0)
        ORDER BY revision LIMIT 1";
    let row = sqlx::query(query).bind(item.to_vec()).bind(reason).fetch_optional(pool).await?;
    row.as_ref().map(|row| number(row, "seq")).transpose()
}

pub(super) async fn of_earlier_epochs(
    pool: &SqlitePool,
    epoch: u64,
    limit: usize,
) -> Result<Vec<ItemId>, StorageError> {
    let query = sqlx::query("SELECT item FROM elements WHERE epoch < ? ORDER BY epoch, item LIMIT ?");
    let query = query.bind(to_sql(epoch)).bind(i64::try_from(limit).unwrap_or(i64::MAX));
    query.fetch_all(pool).await?.iter().map(|row| id(row, "item")).collect()
}

pub(super) async fn count_of_earlier_epochs(pool: &SqlitePool, epoch: u64) -> Result<u64, StorageError> {
    let query = sqlx::query("SELECT count(*) AS items FROM elements WHERE epoch < ?").bind(to_sql(epoch));
    number(&query.fetch_one(pool).await?, "items")
}

pub(super) async fn commit(pool: &SqlitePool, seq: u64) -> Result<Option<Signed>, StorageError> {
    let query = "SELECT body, signature FROM commits WHERE seq = ? AND seq <= (SELECT seq FROM vault)";
    let row = sqlx::query(query).bind(to_sql(seq)).fetch_optional(pool).await?;
    row.as_ref().map(signed).transpose()
}

pub(super) async fn envelope(pool: &SqlitePool, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
    let query = sqlx::query("SELECT bytes FROM envelopes WHERE hash = ?").bind(hash.to_vec());
    let row = query.fetch_optional(pool).await?;
    Ok(row.map(|row| row.try_get("bytes")).transpose()?)
}

pub(super) async fn edits(pool: &SqlitePool) -> Result<Vec<Edit>, StorageError> {
    let rows = sqlx::query("SELECT * FROM edits ORDER BY id").fetch_all(pool).await?;
    let edit =
        |row: &SqliteRow| Ok(Edit { id: row.try_get("id")?, item: id(row, "item")?, sealed: row.try_get("sealed")? });
    rows.iter().map(edit).collect()
}

pub(super) async fn count_edits(pool: &SqlitePool) -> Result<u64, StorageError> {
    number(&sqlx::query("SELECT count(*) AS edits FROM edits").fetch_one(pool).await?, "edits")
}

pub(super) async fn outbox(pool: &SqlitePool, kind: OutboxKind) -> Result<Option<Outbox>, StorageError> {
    let row = sqlx::query("SELECT * FROM outbox WHERE kind = ?").bind(kind.name()).fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(None) };
    let (edits, []) = row.try_get::<&[u8], _>("edits")?.as_chunks() else {
        return Err(damaged("outbox"));
    };
    let edits = edits.iter().map(|edit| i64::from_be_bytes(*edit)).collect();
    Ok(Some(Outbox { kind, message: row.try_get("message")?, edits }))
}

pub(super) async fn enrolment(pool: &SqlitePool) -> Result<Option<Vec<u8>>, StorageError> {
    let row = sqlx::query("SELECT sealed FROM enrolment").fetch_optional(pool).await?;
    Ok(row.map(|row| row.try_get("sealed")).transpose()?)
}

pub(super) async fn enrolment_failures(pool: &SqlitePool, since: u64) -> Result<u32, StorageError> {
    let query = sqlx::query("SELECT count(*) AS failures FROM enrolment_failures WHERE at >= ?");
    let row = query.bind(to_sql(since)).fetch_one(pool).await?;
    u32::try_from(number(&row, "failures")?).map_err(|_| damaged("count of failures"))
}

fn sealed_key(row: &SqliteRow) -> Result<SealedKey, StorageError> {
    Ok(SealedKey { roster_seq: number(row, "roster_seq")?, sealed: row.try_get("sealed")? })
}

fn link(row: &SqliteRow) -> Result<SealedLink, StorageError> {
    let roster_seq = number(row, "roster_seq")?;
    Ok(SealedLink { roster_seq, epoch: number(row, "epoch")?, sealed: row.try_get("sealed")? })
}

fn vault_head(row: &SqliteRow) -> Result<VaultParts, StorageError> {
    Ok(VaultParts {
        seq: number(row, "seq")?,
        head: hash(row, "head")?,
        at: number(row, "at")?,
        count: number(row, "count")?,
        set: SetState::try_from(row.try_get::<&[u8], _>("state")?).map_err(|_| damaged("set state"))?,
    })
}

fn head(row: &SqliteRow) -> Result<Head, StorageError> {
    Ok(Head { seq: number(row, "seq")?, head: hash(row, "head")?, receipt: signed(row)? })
}

fn element(row: &SqliteRow) -> Result<Element, StorageError> {
    Ok(Element {
        item: id(row, "item")?,
        revision: number(row, "revision")?,
        envelope: optional_hash(row, "envelope")?,
    })
}

fn stored_item(row: &SqliteRow) -> Result<StoredItem, StorageError> {
    let element = element(row)?;
    let shown = match row.try_get::<Option<Vec<u8>>, _>("bytes")? {
        Some(envelope) => {
            Some(Shown { revision: number(row, "good_revision")?, author: optional_id(row, "good_author")?, envelope })
        }
        None => None,
    };
    let fault = match row.try_get::<Option<String>, _>("fault")? {
        Some(reason) => Some(Fault { revision: element.revision, author: optional_id(row, "fault_author")?, reason }),
        None => None,
    };
    Ok(StoredItem { element, shown, fault })
}
