use std::{fs, os::unix::fs::PermissionsExt, os::unix::net::UnixStream, path::Path};

use serde::Serialize;

use super::manifest::{Manifest, Place, places, script, socket};
use crate::{app::App, args::Browsers, exit::Exit, failure::Failure};

#[derive(Serialize)]
struct Found {
    what: String,
    /// Why it does not work, and what to do; null if it does.
    wrong: Option<String>,
}

pub(super) fn run(app: &App, browsers: &Browsers) -> Result<(), Failure> {
    let host = script(app)?;
    let mut found = vec![
        Found { what: "the host that browsers start".to_owned(), wrong: of_host(&host) },
        Found { what: "the agent".to_owned(), wrong: of_agent(&socket(app, browsers.socket.as_deref())?) },
    ];
    for place in places(browsers)? {
        found.push(Found { what: place.browser.clone(), wrong: of_manifest(&place, &host) });
    }
    let is_well = found.iter().all(|found| found.wrong.is_none());
    app.out.result(&found, |found| found.iter().map(Found::line).collect::<Vec<_>>().join("\n"))?;
    if is_well { Ok(()) } else { Err(Failure::new(Exit::NotFound, "something is missing: see above")) }
}

fn of_host(host: &Path) -> Option<String> {
    let mode = fs::metadata(host).map(|metadata| metadata.permissions().mode());
    match mode {
        Ok(mode) if mode & 0o100 != 0 => None,
        Ok(_) => Some(format!("{} cannot be executed; run `keyfold browser install`", host.display())),
        Err(_) => Some(format!("{} is not there; run `keyfold browser install`", host.display())),
    }
}

fn of_agent(socket: &Path) -> Option<String> {
    match UnixStream::connect(socket) {
        Ok(_) => None,
        Err(error) => Some(format!("nobody answers at {} ({error}); start `keyfold agent`", socket.display())),
    }
}

fn of_manifest(place: &Place, host: &Path) -> Option<String> {
    let file = place.file.display();
    let Ok(read) = fs::read(&place.file) else {
        return Some(format!("{file} is not there; run `keyfold browser install`"));
    };
    match serde_json::from_slice::<Manifest>(&read) {
        Ok(manifest) if manifest == Manifest::of(place.form, host) => None,
        Ok(manifest) if manifest.path != host => Some(format!(
            "{file} starts {}, which is another profile's; run `keyfold browser install`",
            manifest.path.display()
        )),
        Ok(_) | Err(_) => Some(format!("{file} is not as it should be; run `keyfold browser install`")),
    }
}

impl Found {
    fn line(&self) -> String {
        match &self.wrong {
            None => format!("{}: well", self.what),
            Some(wrong) => format!("{}: {wrong}", self.what),
        }
    }
}
