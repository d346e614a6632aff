//! What a device has stated of a passkey.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statements")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tag: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) statement_hash: Vec<u8>,
    pub(crate) account_id: Vec<u8>,
    pub(crate) device_id: Vec<u8>,
    pub(crate) statement: Vec<u8>,
    pub(crate) stated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
