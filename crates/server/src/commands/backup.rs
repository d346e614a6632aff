use std::{
    fs,
    io::{self, Write, stdout},
    path::Path,
};

use keyfold_store::{Attachment, Contents};
use serde_json::json;

use super::{CommandError, Form, arguments::Backup, progress::bar};
use crate::{
    config::Loaded,
    serve::{ServeError, connect_database},
    tls::AUTHORITY,
};

pub(super) async fn run(loaded: Loaded, Backup { file }: Backup, form: Form) -> Result<(), CommandError> {
    let attachments = attachments(&loaded.settings.data_dir)?;
    let database = connect_database(&loaded.settings).await?;
    let bar = bar("backing up", form);
    let contents = database.back_up(&file, &attachments, &|done, total| bar.at(done, total)).await;
    drop(bar);
    let told = tell(contents?, &file, form);
    database.close().await.map_err(ServeError::from)?;
    Ok(told?)
}

/// The local CA, where there is one: devices pin it.
fn attachments(data_dir: &Path) -> io::Result<Vec<Attachment>> {
    let mut attachments = Vec::new();
    for name in AUTHORITY {
        match fs::read(data_dir.join(name)) {
            Ok(bytes) => attachments.push(Attachment { name: name.to_owned(), bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(attachments)
}

fn tell(Contents { accounts, rows }: Contents, file: &Path, form: Form) -> io::Result<()> {
    let file = file.display();
    match form {
        Form::Json => {
            writeln!(stdout(), "{}", json!({ "file": file.to_string(), "accounts": accounts, "rows": rows }))
        }
        Form::Text => {
            writeln!(stdout(), "backed up {accounts} accounts ({rows} rows) to {file}")?;
            writeln!(stdout(), "It holds the server's keys: keep it as private as the server itself.")
        }
    }
}
