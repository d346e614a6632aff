//! The vault half's tables.
//!
//! Times are Unix milliseconds, ids 16 bytes, hashes 32 bytes; signed messages are kept as the bytes that their author
//! made. Deleting an account's row deletes every row of that account.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, binary, binary_len, binary_len_null, binary_null, boolean, small_integer, string_len},
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            accounts(),
            roster_entries(),
            sealed_keys(),
            epoch_links(),
            commits(),
            items(),
            revisions(),
            purges(),
            guesses(),
            session_nonces(),
            deleted_accounts(),
            enrolments(),
            invites(),
            server_keys(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn account_id() -> ColumnDef {
    binary_len("account_id", 16)
}

fn key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    key
}

/// A table whose rows live and die with the account.
fn of_account(table: &'static str) -> TableCreateStatement {
    let mut account = ForeignKey::create();
    account.from(table, "account_id").to("accounts", "account_id").on_delete(ForeignKeyAction::Cascade);
    Table::create().table(table).col(account_id()).foreign_key(&mut account).take()
}

/// Where both chains stand, and what a push is checked against.
fn accounts() -> TableCreateStatement {
    Table::create()
        .table("accounts")
        .col(account_id().primary_key())
        .col(big_integer("roster_seq"))
        .col(binary_len("roster_head", 32))
        .col(big_integer("vault_seq"))
        .col(binary_len("vault_head", 32))
        .col(big_integer("vault_at"))
        .col(big_integer("item_count"))
        .col(big_integer("element_count"))
        .col(big_integer("bytes_used"))
        .col(big_integer("created_at"))
        .col(binary_len("set_state", 2048))
        .take()
}

fn roster_entries() -> TableCreateStatement {
    of_account("roster_entries")
        .col(big_integer("seq"))
        .col(big_integer("vault_seq"))
        .col(binary("body"))
        .col(binary_len("signature", 64))
        .primary_key(&mut key(&["account_id", "seq"]))
        .take()
}

fn sealed_keys() -> TableCreateStatement {
    of_account("sealed_keys")
        .col(binary_len("member_id", 16))
        .col(big_integer("roster_seq"))
        .col(binary("sealed"))
        .primary_key(&mut key(&["account_id", "member_id", "roster_seq"]))
        .take()
}

fn epoch_links() -> TableCreateStatement {
    of_account("epoch_links")
        .col(big_integer("roster_seq"))
        .col(big_integer("epoch"))
        .col(binary("sealed"))
        .primary_key(&mut key(&["account_id", "roster_seq", "epoch"]))
        .take()
}

fn commits() -> TableCreateStatement {
    of_account("commits")
        .col(big_integer("seq"))
        .col(big_integer("roster_seq"))
        .col(binary("body"))
        .col(binary_len("signature", 64))
        .primary_key(&mut key(&["account_id", "seq"]))
        .take()
}

/// Each item's element as it counts now.
fn items() -> TableCreateStatement {
    of_account("items")
        .col(binary_len("item_id", 16))
        .col(big_integer("revision"))
        .col(boolean("tombstone"))
        .col(binary_len("envelope_hash", 32))
        .primary_key(&mut key(&["account_id", "item_id"]))
        .take()
}

/// Every change that a commit made; `envelope` is null where it was pruned and for a tombstone.
fn revisions() -> TableCreateStatement {
    of_account("revisions")
        .col(binary_len("item_id", 16))
        .col(big_integer("revision"))
        .col(big_integer("seq"))
        .col(boolean("tombstone"))
        .col(binary_len("envelope_hash", 32))
        .col(big_integer("size"))
        .col(binary_null("envelope"))
        .primary_key(&mut key(&["account_id", "item_id", "revision"]))
        .take()
}

/// Envelopes of purged items, and when the last of them may go.
fn purges() -> TableCreateStatement {
    of_account("purges")
        .col(big_integer("due"))
        .col(binary_len("item_id", 16))
        .primary_key(&mut key(&["account_id", "due", "item_id"]))
        .take()
}

/// Wrong short codes of a device.
fn guesses() -> TableCreateStatement {
    of_account("guesses")
        .col(binary_len("member_id", 16))
        .col(big_integer("started_at"))
        .col(small_integer("wrong"))
        .primary_key(&mut key(&["account_id", "member_id"]))
        .take()
}

fn session_nonces() -> TableCreateStatement {
    of_account("session_nonces")
        .col(binary_len("nonce", 16))
        .col(big_integer("expires_at"))
        .primary_key(&mut key(&["account_id", "nonce"]))
        .take()
}

/// Ids that must not be created again.
fn deleted_accounts() -> TableCreateStatement {
    Table::create()
        .table("deleted_accounts")
        .col(account_id().primary_key())
        .col(binary_len("request_hash", 32))
        .col(big_integer("deleted_at"))
        .take()
}

fn enrolments() -> TableCreateStatement {
    Table::create()
        .table("enrolments")
        .col(binary_len("enrolment_id", 16).primary_key())
        .col(string_len("short_code", 8).unique_key())
        .col(binary_len("commitment", 32))
        .col(big_integer("expires_at"))
        .col(small_integer("step"))
        .col(boolean("failed"))
        .col(binary_len_null("account_id", 16))
        .col(binary_len_null("approver", 16))
        .col(binary_null("approval"))
        .col(binary_null("opening"))
        .col(binary_null("completion"))
        .take()
}

fn invites() -> TableCreateStatement {
    Table::create()
        .table("invites")
        .col(binary_len("invite_hash", 32).primary_key())
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(binary_len_null("account_id", 16))
        .take()
}

/// The keys that all replicas share: the log key (kind 1) and the session keys (kind 2).
fn server_keys() -> TableCreateStatement {
    Table::create()
        .table("server_keys")
        .col(small_integer("kind"))
        .col(big_integer("kid"))
        .col(big_integer("created_at"))
        .col(binary_len("secret", 32))
        .primary_key(&mut key(&["kind", "kid"]))
        .take()
}

fn indexes() -> [IndexCreateStatement; 5] {
    let index = |table: &'static str, name: &str, columns: &[&'static str]| key(columns).name(name).table(table).take();
    [
        index("revisions", "revisions_by_seq", &["account_id", "seq", "item_id"]),
        index("purges", "purges_by_due", &["due"]),
        index("session_nonces", "session_nonces_by_expiry", &["expires_at"]),
        index("enrolments", "enrolments_by_expiry", &["expires_at"]),
        index("enrolments", "enrolments_by_account", &["account_id"]),
    ]
}
