//! A device of an account in a tenant.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member_devices")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account_id: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) device_id: Vec<u8>,
    pub(crate) name: String,
    pub(crate) seen_at: i64,
    pub(crate) removed_at: Option<i64>,
    pub(crate) posture: Option<String>,
    pub(crate) external: Option<String>,
    pub(crate) failing: String,
    pub(crate) compliance: i16,
    pub(crate) compliance_until: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
