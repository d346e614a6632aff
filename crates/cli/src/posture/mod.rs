//! How this device is kept, for tenants that ask: its own word, as far as a program without rights can see.

#[cfg(target_os = "linux")]
mod linux;

use std::path::PathBuf;

use keyfold_client::evidence::{
    PostureSource,
    policy::{
        Posture, UnixMillis,
        compliance::{Fact, KeyStore, Setting},
    },
};
use serde::Serialize;

use crate::{app::App, failure::Failure};

/// What this machine says of itself, about the disk on which a profile lies.
pub(crate) struct Machine {
    folder: PathBuf,
}

/// The same for people, each with how it is known.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct View(Vec<Shown>);

#[derive(Serialize)]
struct Shown {
    what: &'static str,
    /// Null where it could not be found out.
    value: Option<String>,
    reason: String,
}

impl Machine {
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl PostureSource for Machine {
    fn posture(&self, now: UnixMillis) -> Posture {
        let agent_version = known(env!("CARGO_PKG_VERSION").parse().ok());
        // The profile's secrets are sealed by a passphrase, in a file.
        let key_store = Fact::self_reported(KeyStore::Software);
        let posture = Posture { agent_version, key_store, ..Posture::unknown(now) };
        self.seen(posture)
    }
}

impl View {
    pub(crate) fn of(app: &App) -> Result<Self, Failure> {
        let mut shown = Machine::new(app.folder()?).shown();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        shown.push(Shown { what: "agent version", value: Some(version), reason: "this program's".to_owned() });
        Ok(Self(shown))
    }

    pub(crate) fn text(&self) -> String {
        let line = |shown: &Shown| {
            format!("{:<15}  {}  ({})", shown.what, shown.value.as_deref().unwrap_or("unknown"), shown.reason)
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(target_os = "linux")]
impl Machine {
    fn linux(&self) -> linux::LinuxPosture {
        let session = linux::Session::of_environment();
        linux::LinuxPosture::collect(&linux::Root::system(), &self.folder, &session, &linux::SystemPrograms)
    }

    fn seen(&self, posture: Posture) -> Posture {
        use keyfold_client::evidence::policy::compliance::Platform;
        let seen = self.linux();
        Posture {
            platform: Fact::self_reported(Platform::Linux),
            os_name: known(seen.os_name.value().and_then(|name| name.parse().ok())),
            os_version: known(seen.os_version.value().and_then(|version| version.parse().ok())),
            disk_encryption: known(seen.disk_encryption.value().map(|setting| setting_of(*setting))),
            screen_lock: known(seen.screen_lock.value().map(|setting| setting_of(*setting))),
            secure_boot: known(seen.secure_boot.value().map(|setting| setting_of(*setting))),
            ..posture
        }
    }

    fn shown(&self) -> Vec<Shown> {
        let seen = self.linux();
        let setting = |what, found: &linux::Found<linux::Setting>| {
            let named = |setting: &linux::Setting| match setting {
                linux::Setting::On => "on",
                linux::Setting::Off => "off",
            };
            Shown { what, value: found.value().map(|value| named(value).to_owned()), reason: found.reason().to_owned() }
        };
        let text = |what, found: &linux::Found<String>| Shown {
            what,
            value: found.value().cloned(),
            reason: found.reason().to_owned(),
        };
        let tpm = seen.tpm.value().map(|tpm| match tpm {
            linux::Tpm::Absent => "none".to_owned(),
            linux::Tpm::Version1 => "1.2".to_owned(),
            linux::Tpm::Version2 => "2.0".to_owned(),
        });
        vec![
            text("system", &seen.os_name),
            text("version", &seen.os_version),
            text("kernel", &seen.kernel),
            setting("disk encryption", &seen.disk_encryption),
            setting("screen lock", &seen.screen_lock),
            setting("secure boot", &seen.secure_boot),
            Shown { what: "TPM", value: tpm, reason: seen.tpm.reason().to_owned() },
        ]
    }
}

#[cfg(target_os = "linux")]
const fn setting_of(setting: linux::Setting) -> Setting {
    match setting {
        linux::Setting::On => Setting::On,
        linux::Setting::Off => Setting::Off,
    }
}

/// On other systems nothing is looked at, and nothing is said.
#[cfg(not(target_os = "linux"))]
impl Machine {
    fn seen(&self, posture: Posture) -> Posture {
        let _ = &self.folder;
        posture
    }

    fn shown(&self) -> Vec<Shown> {
        Vec::new()
    }
}

fn known<T>(value: Option<T>) -> Fact<T> {
    value.map_or(Fact::Unknown, Fact::self_reported)
}
