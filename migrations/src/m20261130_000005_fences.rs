//! An account's latest fences: turns for a device whose roster entries other devices' writes keep out.

use sea_orm_migration::{prelude::*, schema::binary};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let fences = binary("fences").default(Vec::<u8>::new()).take();
        manager.alter_table(Table::alter().table("accounts").add_column(fences).take()).await
    }
}
