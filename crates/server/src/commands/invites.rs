use std::{
    io::{Write, stdout},
    sync::Arc,
};

use keyfold_vault::{Clock, Invites, SystemClock, storage::InviteRow};
use serde_json::json;

use super::{CommandError, Form, arguments::Invite};
use crate::{
    config::Loaded,
    serve::{ServeError, open_database},
};

pub(super) async fn run(loaded: Loaded, command: Invite, form: Form) -> Result<(), CommandError> {
    let database = open_database(&loaded.settings).await?;
    let invites = Invites::new(Arc::new(database.clone()), Arc::new(SystemClock));
    match command {
        Invite::Create { days } => {
            let invite = invites.create(days).await?.to_string();
            let invite = if form == Form::Json { json!({ "invite": invite }).to_string() } else { invite };
            writeln!(stdout(), "{invite}")?;
        }
        Invite::List => list(&invites.list().await?, form)?,
    }
    Ok(database.close().await.map_err(ServeError::from)?)
}

fn list(rows: &[InviteRow], form: Form) -> Result<(), CommandError> {
    let now = SystemClock.now();
    let mut out = stdout().lock();
    for row in rows {
        let name: String = row.hash.0.to_string().chars().take(NAME).collect();
        let state = match row.account {
            Some(_) => "used",
            None if row.expires_at <= now => "expired",
            None => "open",
        };
        if form == Form::Json {
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
