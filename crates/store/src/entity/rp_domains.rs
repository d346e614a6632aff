//! An RP id that a tenant lists.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rp_domains")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) client_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) rp_id: String,
    pub(crate) token: Vec<u8>,
    pub(crate) added_at: i64,
    pub(crate) proved_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
