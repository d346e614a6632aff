use std::{
    io::{Write, stdout},
    sync::Arc,
};

use keyfold_vault::{Clock, Invites, SystemClock, storage::InviteRow};
use serde_json::json;

use super::{CommandError, arguments::Invite};
use crate::{
    config::Loaded,
    serve::{ServeError, open_database},
};

pub(super) async fn run(loaded: Loaded, command: Invite) -> Result<(), CommandError> {
    let database = open_database(&loaded.settings).await?;
    let invites = Invites::new(Arc::new(database.clone()), Arc::new(SystemClock));
    match command {
        Invite::Create { days } => writeln!(stdout(), "{}", invites.create(days).await?)?,
        Invite::List { json } => list(&invites.list().await?, json)?,
    }
    Ok(database.close().await.map_err(ServeError::from)?)
}

fn list(rows: &[InviteRow], json: bool) -> Result<(), CommandError> {
    let now = SystemClock.now();
    let mut out = stdout().lock();
    for row in rows {
        let name: String = row.hash.0.to_string().chars().take(NAME).collect();
        let state = match row.account {
            Some(_) => "used",
            None if row.expires_at <= now => "expired",
            None => "open",
        };
        if json {
            let object =
                json!({ "invite": name, "state": state, "created_at": row.created_at, "expires_at": row.expires_at });
            writeln!(out, "{object}")?;
        } else {
            let days = row.expires_at.saturating_sub(now).div_ceil(24 * 60 * 60 * 1_000);
            writeln!(out, "{name}  {state:<7}  {days} days left")?;
        }
    }
    Ok(())
}

/// Characters of the hash that name an invite.
const NAME: usize = 12;
