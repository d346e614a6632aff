use std::{
    fs,
    io::{self, Write, stdout},
    path::Path,
};

use keyfold_store::{Attachment, Contents, Existing, Restored};
use serde_json::json;

use super::{CommandError, Form, arguments::Restore, progress::bar};
use crate::{
    config::Loaded,
    serve::prepare_files,
    tls::{AUTHORITY, write_whole},
};

pub(super) async fn run(loaded: Loaded, restore: Restore, form: Form) -> Result<(), CommandError> {
    let url = prepare_files(&loaded.settings)?;
    let existing = match (restore.replace, restore.undo_deletions) {
        (true, true) => Existing::Undo,
        (true, false) => Existing::Replace,
        (false, _) => Existing::Keep,
    };
    let bar = bar("restoring", form);
    let restored = keyfold_store::restore(&url, &restore.file, existing, &|done, total| bar.at(done, total)).await;
    drop(bar);
    let restored = restored?;
    let kept = put_back(&loaded.settings.data_dir, &restored.attachments, existing)?;
    Ok(tell(&restored, &kept, form)?)
}

/// Writes the server's files; gives the names of those that are there already, and are others.
fn put_back(data_dir: &Path, attachments: &[Attachment], existing: Existing) -> io::Result<Vec<String>> {
    let mut kept = Vec::new();
    // No name from a file chooses where another is written.
    for attachment in attachments.iter().filter(|attachment| AUTHORITY.contains(&attachment.name.as_str())) {
        let path = data_dir.join(&attachment.name);
        match fs::read(&path) {
            Ok(there) if there == attachment.bytes => continue,
            Ok(_) if existing == Existing::Keep => {
                kept.push(attachment.name.clone());
                continue;
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
        write_whole(&path, &attachment.bytes, 0o600)?;
    }
    Ok(kept)
}

fn tell(Restored { contents, deleted, .. }: &Restored, kept: &[String], form: Form) -> io::Result<()> {
    let mut out = stdout().lock();
    let Contents { accounts, rows } = contents;
    let accounts = accounts.saturating_sub(*deleted);
    if form == Form::Json {
        let said = json!({ "accounts": accounts, "rows": rows, "accounts_left_deleted": deleted, "files_kept": kept });
        return writeln!(out, "{said}");
    }
    writeln!(out, "restored {accounts} accounts ({rows} rows)")?;
    if *deleted > 0 {
        writeln!(
            out,
            "{deleted} accounts of the backup are deleted on this server, and stay so without --undo-deletions"
        )?;
    }
    for name in kept {
        writeln!(out, "{name} is another than the backup's, and stays: devices may have pinned the backup's")?;
    }
    writeln!(
        out,
        "Start keyfoldd, and have people run `keyfold offer` on each device: it gives back what the backup did not have.\n\
         Each account takes nothing new until one of its devices says `keyfold offer --end`."
    )
}
