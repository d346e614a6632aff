//! The epoch key that a roster entry has for a member.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sealed_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) member_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) roster_seq: i64,
    pub(crate) sealed: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
