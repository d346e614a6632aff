//! An account: where both chains stand, and what a push is checked against.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: Vec<u8>,
    pub(crate) roster_seq: i64,
    pub(crate) roster_head: Vec<u8>,
    pub(crate) vault_seq: i64,
    pub(crate) vault_head: Vec<u8>,
    pub(crate) vault_at: i64,
    pub(crate) item_count: i64,
    pub(crate) element_count: i64,
    pub(crate) bytes_used: i64,
    pub(crate) created_at: i64,
    pub(crate) set_state: Vec<u8>,
    /// It came from a backup and waits for what its devices hold beyond.
    pub(crate) behind: bool,
    /// Turns of devices whose entries others kept out.
    pub(crate) fences: Vec<u8>,
    /// Hash of what finds it by its recovery code.
    pub(crate) recovery_lookup: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
