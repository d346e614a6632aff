//! An invite to a tenant.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member_invites")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) invite_hash: Vec<u8>,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) account_id: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
