use std::io::{Write, stdout};

use super::CommandError;
use crate::{
    config::Loaded,
    serve::{ServeError, connect_database},
};

pub(super) async fn run(loaded: Loaded) -> Result<(), CommandError> {
    let database = connect_database(&loaded.settings).await?;
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
