use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::manifest::{Manifest, places, script};
use crate::{app::App, args::Browsers, failure::Failure, terminal::write_whole};

#[derive(Serialize)]
struct Installed {
    browsers: Vec<Written>,
    /// What browsers start.
    host: PathBuf,
}

#[derive(Serialize)]
struct Written {
    browser: String,
    manifest: PathBuf,
}

pub(super) async fn run(app: &App, browsers: &Browsers) -> Result<(), Failure> {
    let places = places(browsers)?;
    let host = script(app)?;
    write_script(app, &host, browsers.socket.as_deref()).await?;
    let mut written = Vec::new();
    for place in places {
        let manifest = serde_json::to_vec_pretty(&Manifest::of(place.form, &host));
        write_in_its_folder(&place.file, manifest.map_err(|error| Failure::internal(&error))?).await?;
        written.push(Written { browser: place.browser, manifest: place.file });
    }
    app.out.result(&Installed { browsers: written, host }, Installed::text)
}

/// A browser gives no argument of ours, so a script does. It is the user's alone.
async fn write_script(app: &App, path: &Path, socket: Option<&Path>) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::internal(&error))?;
    let home = app.home()?;
    let socket = socket.map(|socket| format!("export KEYFOLD_AGENT_SOCKET={}\n", quoted(socket))).unwrap_or_default();
    let (program, home, profile) = (quoted(&program), quoted(&home), &app.global.profile.0);
    let script =
        format!("#!/bin/sh\n{socket}exec {program} --home {home} --profile {profile} browser host -- \"$@\"\n");
    write_in_its_folder(path, script.into_bytes()).await?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(|error| Failure::file(path, &error))
}

async fn write_in_its_folder(path: &Path, content: Vec<u8>) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    }
    write_whole(path, content).await
}

/// For a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

impl Installed {
    fn text(&self) -> String {
        let mut lines: Vec<String> = self
            .browsers
            .iter()
            .map(|written| format!("{}: {}", written.browser, written.manifest.display()))
            .collect();
        lines.push("Now load the extension, and start `keyfold agent`.".to_owned());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted(Path::new("/home/ana b/it's")), r"'/home/ana b/it'\''s'");
    }
}
