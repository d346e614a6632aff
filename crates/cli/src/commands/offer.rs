use indicatif::ProgressBar;
use keyfold_client::sync::{Behind, Offered, SyncEngine};
use serde::Serialize;

use crate::{
    app::App,
    failure::Failure,
    terminal::{self, spinner},
};

#[derive(Serialize)]
struct Done {
    entries_offered: u64,
    commits_offered: u64,
    passkeys_offered: u64,
    ended: bool,
}

pub(crate) async fn run(app: &App, end: bool) -> Result<(), Failure> {
    // What is given up is given up by a person.
    let vault = if end { app.verified().await? } else { app.unlocked().await? };
    let engine = app.engine(vault)?;
    let offered = match engine.lost().await? {
        Some(behind) => give_back(app, &engine, behind).await?,
        None => Offered::default(),
    };
    if end {
        app.confirm(
            "End the wait? What other devices of this account hold that the server lacks is then lost to it: those devices \
             stop syncing and must be enrolled again. Have all of them run `keyfold offer`?",
        )?;
        let spinner = spinner("beginning a new epoch", app.out);
        let ended = engine.end_offers().await;
        spinner.finish_and_clear();
        ended?;
    }
    let Offered { entries, commits, items } = offered;
    let done = Done { entries_offered: entries, commits_offered: commits, passkeys_offered: items, ended: end };
    app.out.result(&done, Done::line)
}

async fn give_back(app: &App, engine: &SyncEngine, behind: Behind) -> Result<Offered, Failure> {
    let Behind { roster, vault, entries, commits } = behind;
    let server = &engine.vault().local().profile().server;
    app.confirm(&format!(
        "{server} stands at roster entry {roster} and commit {vault}; this device has {entries} entries and {commits} commits \
         more. If its operator has restored a backup, give it back what it lost?"
    ))?;
    let bar: ProgressBar = terminal::bar("offering", app.out);
    let offered = engine.offer(|done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    let offered = offered.await;
    bar.finish_and_clear();
    Ok(offered?)
}

impl Done {
    fn line(&self) -> String {
        let mut line = match (self.entries_offered, self.commits_offered) {
            (0, 0) => "The server has all that this device has.".to_owned(),
            (entries, commits) => format!("Gave back {entries} roster entries and {commits} commits."),
        };
        line.push_str(if self.ended {
            "\nThe wait is over: the account takes changes again."
        } else {
            "\nWhen every device of the account has offered, run `keyfold offer --end` on one."
        });
        line
    }
}
