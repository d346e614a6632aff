//! An account in a tenant.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "members")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: Vec<u8>,
    pub(crate) name: String,
    pub(crate) joined_at: i64,
    pub(crate) left_at: Option<i64>,
    pub(crate) roster_seq: i64,
    pub(crate) recovery_members: i64,
    pub(crate) recoveries: i64,
    pub(crate) exports: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
