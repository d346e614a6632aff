use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{DatabaseConnection, DbErr},
};

use crate::Migrator;

/// Why the schema could not be brought up to date. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database has run a migration that this program does not know.
    #[error(
        "the database was written by a newer keyfoldd (it knows migration {migration}): run that version, or restore a backup"
    )]
    Newer {
        /// The first migration that is not known here.
        migration: String,
    },
    /// The database lacks a migration.
    #[error(
        "the database was written by an older keyfoldd (it lacks migration {migration}): use that version, or upgrade with `keyfoldd migrate`"
    )]
    Older {
        /// The first migration that it lacks.
        migration: String,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
}

/// Brings the schema up to date and returns the names of the migrations that were applied just now.
///
/// # Errors
/// [`MigrationError::Newer`] if the database is ahead of this program, [`MigrationError::Database`] if it fails.
pub async fn migrate(database: &DatabaseConnection) -> Result<Vec<String>, MigrationError> {
    let known = known();
    let applied = applied(database).await?;
    if let Some(migration) = applied.iter().find(|name| !known.contains(name)) {
        return Err(MigrationError::Newer { migration: migration.clone() });
    }
    Migrator::up(database, None).await?;
    Ok(known.into_iter().filter(|name| !applied.contains(name)).collect())
}

/// Whether the schema is exactly this program's. Nothing is changed.
///
/// # Errors
/// [`MigrationError`].
pub async fn check(database: &DatabaseConnection) -> Result<(), MigrationError> {
    let known = known();
    let applied = applied(database).await?;
    if let Some(migration) = applied.iter().find(|name| !known.contains(name)) {
        return Err(MigrationError::Newer { migration: migration.clone() });
    }
    match known.into_iter().find(|name| !applied.contains(name)) {
        Some(migration) => Err(MigrationError::Older { migration }),
        None => Ok(()),
    }
}

fn known() -> Vec<String> {
    Migrator::get_migration_files().iter().map(|file| file.name().to_owned()).collect()
}

async fn applied(database: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    // The list is asked for only where it is: whoever asks for it makes it.
    if !SchemaManager::new(database).has_table(Migrator::migration_table_name().to_string()).await? {
        return Ok(Vec::new());
    }
    let models = Migrator::get_migration_models(database).await?;
    Ok(models.into_iter().map(|model| model.version).collect())
}
