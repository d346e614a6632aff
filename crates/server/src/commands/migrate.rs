use std::io::{self, Write, stdout};

use serde_json::json;

use super::{CommandError, Form};
use crate::{
    config::Loaded,
    serve::{ServeError, connect_database},
};

pub(super) async fn run(loaded: Loaded, form: Form) -> Result<(), CommandError> {
    let database = connect_database(&loaded.settings).await?;
    let applied = database.migrate().await.map_err(ServeError::from)?;
    tell(&applied, form)?;
    Ok(database.close().await.map_err(ServeError::from)?)
}

fn tell(applied: &[String], form: Form) -> io::Result<()> {
    let mut out = stdout().lock();
    if form == Form::Json {
        return writeln!(out, "{}", json!({ "applied": applied }));
    }
    for name in applied {
        writeln!(out, "applied {name}")?;
    }
    if applied.is_empty() {
        writeln!(out, "the schema is up to date")?;
    }
    Ok(())
}
