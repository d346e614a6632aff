use keyfold_client::sync::{SyncReport, WatchEvent};
use serde::Serialize;

use super::recovery::warn;
use crate::{app::App, failure::Failure, output::say, terminal::printable};

#[derive(Serialize)]
struct Synced {
    entries_pulled: u64,
    commits_pulled: u64,
    items_pulled: u64,
    items_pushed: u64,
    items_reencrypted: u64,
    items_purged: u64,
    /// For want of room on the server.
    items_not_reencrypted: u64,
    quarantined: Vec<Quarantined>,
    /// Why an organisation could not be told what waits for it.
    tenants: Option<String>,
}

#[derive(Serialize)]
struct Quarantined {
    passkey: String,
    revision: u64,
    author: Option<String>,
    reason: String,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Synced(Synced),
    Offline { detail: String },
}

pub(crate) async fn run(app: &App, watch: bool, resume: bool) -> Result<(), Failure> {
    let vault = app.unlocked().await?;
    let engine = app.engine(vault)?;
    if resume {
        engine.resume().await?;
    }
    if !watch {
        let report = engine.sync().await?;
        warn(engine.vault().local().status().await?.recovery.as_ref());
        return app.out.result(&Synced::from(&report), Synced::line);
    }
    let mut failure = None;
    let tell = |event: WatchEvent| {
        let event = Event::from(event);
        failure = app.out.event(&event, Event::line).err().or(failure.take());
    };
    tokio::select! {
        stopped = engine.watch(tell) => match stopped {
            Ok(never) => match never {},
            Err(error) => return Err(error.into()),
        },
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::internal(&error))?;
        }
    }
    failure.map_or(Ok(()), Err)
}

/// What `keyfold` says when a command's own work is done and the sync after it did not work out.
pub(crate) fn later(failure: &impl std::fmt::Display) {
    let failure = printable(&failure.to_string());
    say(&format!("keyfold: kept on this device; the next sync will send it ({failure})"));
}

impl From<&SyncReport> for Synced {
    fn from(report: &SyncReport) -> Self {
        let quarantined = report.quarantined.iter().map(|(item, fault)| Quarantined {
            passkey: item.to_string(),
            revision: fault.revision,
            author: fault.author.map(|author| author.to_string()),
            reason: fault.reason.clone(),
        });
        Self {
            entries_pulled: report.entries_pulled,
            commits_pulled: report.commits_pulled,
            items_pulled: report.items_pulled,
            items_pushed: report.items_pushed,
            items_reencrypted: report.items_reencrypted,
            items_purged: report.items_purged,
            items_not_reencrypted: report.items_without_room,
            quarantined: quarantined.collect(),
            tenants: report.tenants.clone(),
        }
    }
}

impl From<WatchEvent> for Event {
    fn from(event: WatchEvent) -> Self {
        match event {
            WatchEvent::Synced(report) => Self::Synced((&report).into()),
            WatchEvent::Offline(detail) => Self::Offline { detail },
        }
    }
}

impl Synced {
    fn line(&self) -> String {
        let mut line = format!(
            "Synced: {} commits and {} items pulled, {} items pushed.",
            self.commits_pulled, self.items_pulled, self.items_pushed
        );
        if self.items_reencrypted > 0 {
            line.push_str(&format!("\n{} items encrypted anew.", self.items_reencrypted));
        }
        if self.items_purged > 0 {
            line.push_str(&format!("\n{} items purged, which were deleted 30 days ago.", self.items_purged));
        }
        if self.items_not_reencrypted > 0 {
            line.push_str(&format!(
                "\n{} items cannot be encrypted anew: the account's room on the server is used up.",
                self.items_not_reencrypted
            ));
        }
        if let Some(failure) = &self.tenants {
            line.push_str(&format!("\nAn organisation was not told how this device is kept: {}.", printable(failure)));
        }
        for item in &self.quarantined {
            let author = item.author.as_deref().unwrap_or("an unknown device");
            line.push_str(&format!(
                "\nQuarantined: item {}, revision {} by {author}: {}.",
                item.passkey, item.revision, item.reason
            ));
        }
        line
    }
}

impl Event {
    fn line(&self) -> String {
        match self {
            Self::Synced(synced) => synced.line(),
            Self::Offline { detail } => format!("Offline: {}", printable(detail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarantined_passkey_is_named_with_its_author() {
        let synced = Synced {
            entries_pulled: 0,
            commits_pulled: 1,
            items_pulled: 1,
            items_pushed: 0,
            items_reencrypted: 0,
            items_purged: 0,
            items_not_reencrypted: 0,
            tenants: None,
            quarantined: vec![Quarantined {
                passkey: "abc".into(),
                revision: 3,
                author: Some("def".into()),
                reason: "an envelope that does not open".into(),
            }],
        };
        assert_eq!(
            synced.line(),
            "Synced: 1 commits and 1 items pulled, 0 items pushed.\n\
             Quarantined: item abc, revision 3 by def: an envelope that does not open."
        );
    }
}
