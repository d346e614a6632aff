use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    agent,
    app::App,
    args::{Browser, Browsers},
    exit::Exit,
    failure::Failure,
};

/// A native-messaging manifest, as browsers read it.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Manifest {
    name: String,
    description: String,
    /// What is started.
    pub(super) path: PathBuf,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_extensions: Option<Vec<String>>,
}

/// Whose manifests are of which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Chromium,
    Firefox,
}

/// A place for a manifest.
pub(super) struct Place {
    pub(super) browser: String,
    pub(super) form: Form,
    pub(super) file: PathBuf,
}

impl Manifest {
    /// That lets our extension, and no other, start `path`.
    pub(super) fn of(form: Form, path: &Path) -> Self {
        let (allowed_origins, allowed_extensions) = match form {
            Form::Chromium => (Some(vec![format!("chrome-extension://{CHROMIUM_ID}/")]), None),
            Form::Firefox => (None, Some(vec![FIREFOX_ID.to_owned()])),
        };
        Self {
            name: HOST.to_owned(),
            description: "Keyfold's agent".to_owned(),
            path: path.to_owned(),
            kind: "stdio".to_owned(),
            allowed_origins,
            allowed_extensions,
        }
    }
}

/// The places of the browsers that are named, or of all that are here.
pub(super) fn places(browsers: &Browsers) -> Result<Vec<Place>, Failure> {
    let file = format!("{HOST}.json");
    let mut places = Vec::new();
    if let Some(folder) = &browsers.manifest_dir {
        places.push(Place { browser: folder.display().to_string(), form: Form::Chromium, file: folder.join(&file) });
    }
    let is_any_named = !browsers.browsers.is_empty() || browsers.manifest_dir.is_some();
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home =
        home.ok_or_else(|| Failure::new(Exit::Usage, "there is no home folder; name one with --manifest-dir DIR"))?;
    for browser in Browser::ALL {
        let folder = home.join(browser.folder());
        let is_wanted = if is_any_named { browsers.browsers.contains(&browser) } else { folder.is_dir() };
        if is_wanted {
            let form = if browser == Browser::Firefox { Form::Firefox } else { Form::Chromium };
            let file = folder.join(browser.manifests()).join(&file);
            places.push(Place { browser: browser.name().to_owned(), form, file });
        }
    }
    if places.is_empty() {
        return Err(Failure::new(Exit::NotFound, "no browser was found; name one with --browser NAME"));
    }
    Ok(places)
}

/// What browsers start: a script beside the profile, which says which profile that is.
pub(super) fn script(app: &App) -> Result<PathBuf, Failure> {
    Ok(app.folder()?.join("browser-host"))
}

/// The agent's socket for browsers.
pub(super) fn socket(app: &App, named: Option<&Path>) -> Result<PathBuf, Failure> {
    let socket = match named {
        Some(socket) => socket.to_owned(),
        None => agent::default_socket(&app.folder()?, &app.global.profile.0),
    };
    Ok(agent::browser_socket(&socket))
}

/// As in `crates/extension/identity.json`.
const HOST: &str = "org.keyfold.agent";
const CHROMIUM_ID: &str = "nohhiecddifkddokemdnjpcphjlnkeel";
const FIREFOX_ID: &str = "keyfold@keyfold.example";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_the_extension_that_is_built() {
        let identity = include_str!("../../../../extension/identity.json");
        let identity: serde_json::Value = serde_json::from_str(identity).unwrap();
        assert_eq!(identity["nativeHost"], HOST);
        assert_eq!(identity["chromiumId"], CHROMIUM_ID);
        assert_eq!(identity["firefoxId"], FIREFOX_ID);
    }
}
