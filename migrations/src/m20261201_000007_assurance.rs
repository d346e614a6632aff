//! The assurance half's tables, and what the vault half tells it: whose roster has moved.
//!
//! Each key begins with the tenant. Times are Unix milliseconds, ids 16 bytes, hashes 32 bytes. JSON is text that the program wrote.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, binary, binary_len, binary_len_null, binary_null, small_integer, string_len,
        text, text_null,
    },
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            tenants(),
            tenant_keys(),
            relying_parties(),
            rp_domains(),
            compliance_policies(),
            member_invites(),
            members(),
            member_devices(),
            member_exports(),
            statuses(),
            statements(),
            spent(),
            kept_answers(),
            roster_news(),
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

fn tenant_id() -> ColumnDef {
    binary_len("tenant_id", 16)
}

fn key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    key
}

/// A table whose rows live and die with the tenant.
fn of_tenant(table: &'static str) -> TableCreateStatement {
    let mut tenant = ForeignKey::create();
    tenant.from(table, "tenant_id").to("tenants", "tenant_id").on_delete(ForeignKeyAction::Cascade);
    Table::create().table(table).col(tenant_id()).foreign_key(&mut tenant).take()
}

/// How often its compliance policies have changed tells whether a judgement was by those that there are.
fn tenants() -> TableCreateStatement {
    Table::create()
        .table("tenants")
        .col(tenant_id().primary_key())
        .col(string_len("name", 64))
        .col(string_len("country", 2))
        .col(big_integer("created_at"))
        .col(binary_null("root"))
        .col(binary_null("revoked"))
        .col(big_integer("policy_changes"))
        .take()
}

/// Kind 1 signs tokens, 2 issues leaves, 3 signs metadata. Certificates stand one after the other, each after its length (4 bytes,
/// big-endian).
fn tenant_keys() -> TableCreateStatement {
    of_tenant("tenant_keys")
        .col(string_len("kid", 64))
        .col(small_integer("kind"))
        .col(big_integer("created_at"))
        .col(binary("secret"))
        .col(binary("certificates"))
        .primary_key(&mut key(&["tenant_id", "kid"]))
        .take()
}

fn relying_parties() -> TableCreateStatement {
    of_tenant("relying_parties")
        .col(binary_len("client_id", 16))
        .col(string_len("name", 64))
        .col(text("keys"))
        .col(small_integer("scopes"))
        .col(big_integer("created_at"))
        .primary_key(&mut key(&["tenant_id", "client_id"]))
        .take()
}

fn rp_domains() -> TableCreateStatement {
    of_tenant("rp_domains")
        .col(binary_len("client_id", 16))
        .col(string_len("rp_id", 253))
        .col(binary_len("token", 32))
        .col(big_integer("added_at"))
        .col(big_integer_null("proved_at"))
        .primary_key(&mut key(&["tenant_id", "client_id", "rp_id"]))
        .take()
}

fn compliance_policies() -> TableCreateStatement {
    of_tenant("compliance_policies")
        .col(string_len("name", 64))
        .col(text("policy"))
        .col(big_integer("changed_at"))
        .primary_key(&mut key(&["tenant_id", "name"]))
        .take()
}

fn member_invites() -> TableCreateStatement {
    of_tenant("member_invites")
        .col(binary_len("invite_hash", 32))
        .col(string_len("name", 64))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .col(binary_len_null("account_id", 16))
        .primary_key(&mut key(&["tenant_id", "invite_hash"]))
        .take()
}

fn members() -> TableCreateStatement {
    of_tenant("members")
        .col(binary_len("account_id", 16))
        .col(string_len("name", 64))
        .col(big_integer("joined_at"))
        .col(big_integer_null("left_at"))
        .col(big_integer("roster_seq"))
        .col(big_integer("recovery_members"))
        .col(big_integer("recoveries"))
        .col(big_integer("exports"))
        .primary_key(&mut key(&["tenant_id", "account_id"]))
        .take()
}

/// Compliance: 0 compliant, 1 in grace, 2 unknown, 3 non-compliant, 4 error.
fn member_devices() -> TableCreateStatement {
    of_tenant("member_devices")
        .col(binary_len("account_id", 16))
        .col(binary_len("device_id", 16))
        .col(string_len("name", 64))
        .col(big_integer("seen_at"))
        .col(big_integer_null("removed_at"))
        .col(text_null("posture"))
        .col(text_null("external"))
        .col(text("failing"))
        .col(small_integer("compliance"))
        .col(big_integer("compliance_until"))
        .primary_key(&mut key(&["tenant_id", "account_id", "device_id"]))
        .take()
}

/// Exports that are counted, so that each is counted once.
fn member_exports() -> TableCreateStatement {
    of_tenant("member_exports")
        .col(binary_len("account_id", 16))
        .col(binary_len("record_hash", 32))
        .col(big_integer("exported_at"))
        .primary_key(&mut key(&["tenant_id", "account_id", "record_hash"]))
        .take()
}

/// Kind 1 is of a leaf, 2 of a report. Status 0 is valid, 1 invalid, 2 suspended, as in the list.
fn statuses() -> TableCreateStatement {
    of_tenant("statuses")
        .col(big_integer("list"))
        .col(big_integer("place"))
        .col(small_integer("kind"))
        .col(binary_len("account_id", 16))
        .col(binary_len_null("device_id", 16))
        .col(binary_len_null("client_id", 16))
        .col(binary_len_null("tag", 32))
        .col(small_integer("status"))
        .col(big_integer("expires_at"))
        .primary_key(&mut key(&["tenant_id", "list", "place"]))
        .take()
}

fn statements() -> TableCreateStatement {
    of_tenant("statements")
        .col(binary_len("tag", 32))
        .col(binary_len("statement_hash", 32))
        .col(binary_len("account_id", 16))
        .col(binary_len("device_id", 16))
        .col(binary("statement"))
        .col(big_integer("stated_at"))
        .primary_key(&mut key(&["tenant_id", "tag", "statement_hash"]))
        .take()
}

/// Kind 1 is the id of a client assertion, 2 the nonce of a report, 3 the id of a device management's message.
fn spent() -> TableCreateStatement {
    of_tenant("spent")
        .col(binary_len("client_id", 16))
        .col(small_integer("kind"))
        .col(binary_len("spent_hash", 32))
        .col(big_integer("expires_at"))
        .primary_key(&mut key(&["tenant_id", "client_id", "kind", "spent_hash"]))
        .take()
}

fn kept_answers() -> TableCreateStatement {
    of_tenant("kept_answers")
        .col(binary_len("client_id", 16))
        .col(binary_len("key_hash", 32))
        .col(binary_len("request_hash", 32))
        .col(text("answer"))
        .col(big_integer("expires_at"))
        .primary_key(&mut key(&["tenant_id", "client_id", "key_hash"]))
        .take()
}

/// Accounts whose roster has moved, until the assurance half has looked: written with the roster, or not at all.
fn roster_news() -> TableCreateStatement {
    Table::create()
        .table("roster_news")
        .col(binary_len("account_id", 16).primary_key())
        .col(big_integer("roster_seq"))
        .take()
}

fn indexes() -> [IndexCreateStatement; 9] {
    let index = |table: &'static str, name: &str, columns: &[&'static str]| key(columns).name(name).table(table).take();
    [
        index("member_invites", "member_invites_by_hash", &["invite_hash"]),
        index("members", "members_by_account", &["account_id"]),
        index("member_devices", "member_devices_by_device", &["tenant_id", "device_id"]),
        index("member_devices", "member_devices_by_judgement", &["compliance_until"]),
        index("statuses", "statuses_by_account", &["tenant_id", "account_id"]),
        index("statuses", "statuses_by_expiry", &["expires_at"]),
        index("statements", "statements_by_account", &["tenant_id", "account_id"]),
        index("spent", "spent_by_expiry", &["expires_at"]),
        index("kept_answers", "kept_answers_by_expiry", &["expires_at"]),
    ]
}
