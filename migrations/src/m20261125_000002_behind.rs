//! Accounts of a restored backup wait until their devices have offered what was lost.

use sea_orm_migration::{prelude::*, schema::boolean};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let behind = boolean("behind").default(false).take();
        manager.alter_table(Table::alter().table("accounts").add_column(behind).take()).await
    }
}
