use std::io::{Write, stdout};

use keyfold_store::Database;

use super::CommandError;
use crate::{config::Loaded, serve::ServeError};

pub(super) async fn run(loaded: Loaded) -> Result<(), CommandError> {
    let settings = loaded.settings;
    crate::tls::private_directory(&settings.data_dir)?;
    let database =
        Database::connect(&settings.database().map_err(ServeError::from)?).await.map_err(ServeError::from)?;
    let applied = database.migrate().await.map_err(ServeError::from)?;
    let mut out = stdout().lock();
    for name in &applied {
        writeln!(out, "applied {name}")?;
    }
    if applied.is_empty() {
        writeln!(out, "the schema is up to date")?;
    }
    drop(out);
    Ok(database.close().await.map_err(ServeError::from)?)
}
