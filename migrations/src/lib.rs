//! The database schema, as an append-only list of migrations for SQLite and PostgreSQL.
//!
//! Invariants: a released migration never changes, and a database that has run a migration which this list does not
//! know is refused ([`MigrationError::Newer`]), because an older program would misread it.
//!
//! ```no_run
//! # async fn example(database: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), keyfold_migrations::MigrationError> {
//! let applied = keyfold_migrations::migrate(database).await?;
//! println!("{} migrations applied", applied.len());
//! # Ok(())
//! # }
//! ```

mod m20261122_000001_vault;
mod m20261125_000002_behind;
mod m20261129_000003_latest;
mod m20261129_000004_rows;
mod m20261130_000005_fences;
mod m20261130_000006_recovery;
mod m20261201_000007_assurance;
mod migrate;

pub use migrate::{MigrationError, check, migrate};

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait::async_trait};

/// The migrations in the order in which they run.
#[derive(Debug)]
struct Migrator;

#[async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_vault::Migration),
            Box::new(m20261125_000002_behind::Migration),
            Box::new(m20261129_000003_latest::Migration),
            Box::new(m20261129_000004_rows::Migration),
            Box::new(m20261130_000005_fences::Migration),
            Box::new(m20261130_000006_recovery::Migration),
            Box::new(m20261201_000007_assurance::Migration),
        ]
    }
}
