//! An enrolment.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrolments")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) enrolment_id: Vec<u8>,
    pub(crate) short_code: String,
    pub(crate) commitment: Vec<u8>,
    pub(crate) expires_at: i64,
    pub(crate) step: i16,
    pub(crate) failed: bool,
    pub(crate) account_id: Option<Vec<u8>>,
    pub(crate) approver: Option<Vec<u8>>,
    pub(crate) approval: Option<Vec<u8>>,
    pub(crate) opening: Option<Vec<u8>>,
    pub(crate) completion: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
