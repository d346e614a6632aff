//! By what whoever holds an account's recovery code finds the account.

use sea_orm_migration::{prelude::*, schema::binary_len_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let lookup = binary_len_null("recovery_lookup", 32).take();
        manager.alter_table(Table::alter().table("accounts").add_column(lookup).take()).await?;
        let found = Index::create().name("accounts_by_recovery").table("accounts").col("recovery_lookup").take();
        manager.create_index(found).await
    }
}
