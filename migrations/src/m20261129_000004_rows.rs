//! How PostgreSQL lays rows out: what is encrypted or looks random is not compressed in vain, and an account's row, which every
//! push writes anew, stays in one piece with room beside it.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let database = manager.get_connection();
        for statement in [
            "ALTER TABLE accounts ALTER COLUMN set_state SET STORAGE EXTERNAL,
                SET (fillfactor = 70, toast_tuple_target = 8160)",
            "ALTER TABLE revisions ALTER COLUMN envelope SET STORAGE EXTERNAL",
            "ALTER TABLE commits ALTER COLUMN body SET STORAGE EXTERNAL",
        ] {
            database.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
