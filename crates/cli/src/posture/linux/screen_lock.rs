//! Whether the screen locks by itself, where a desktop tells.

use std::path::PathBuf;

use super::{
    files::{Root, Unread},
    found::{Found, Setting},
    programs::Run,
};

/// The session that this program runs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Session {
    /// `XDG_CURRENT_DESKTOP`: names with colons between them.
    pub(crate) desktop: Option<String>,
    /// Where the user's programs keep their settings: `XDG_CONFIG_HOME`, or `.config` in the home folder.
    pub(crate) config: Option<PathBuf>,
}

impl Session {
    /// The one that the environment tells of.
    pub(crate) fn of_environment() -> Self {
        let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || std::env::home_dir().filter(|path| path.is_absolute()).map(|home| home.join(".config"));
        Self { desktop: std::env::var("XDG_CURRENT_DESKTOP").ok(), config: xdg.or_else(home) }
    }
}

/// By GNOME's and KDE's own settings. Whether a program keeps the screen awake, whether a lock that is there works, and who else has
/// a session or a console on this machine can't be seen.
pub(super) fn setting(root: &Root, session: &Session, programs: &dyn Run) -> Found<Setting> {
    let Some(desktop) = &session.desktop else {
        return Found::unknown("no desktop tells of itself here (XDG_CURRENT_DESKTOP): run this in your session");
    };
    let names: Vec<_> = desktop.split(':').collect();
    if names.contains(&"KDE") {
        kde(root, session)
    } else if names.contains(&"GNOME") {
        gnome(programs)
    } else {
        Found::unknown("only GNOME and KDE tell whether the screen locks")
    }
}

fn gnome(programs: &dyn Run) -> Found<Setting> {
    let get = |schema, key| {
        let printed = programs.run("gsettings", &["get", schema, key])?;
        Some(printed.trim().to_owned())
    };
    let number = |schema, key| get(schema, key)?.strip_prefix("uint32 ")?.parse::<u32>().ok();
    let lock = get("org.gnome.desktop.screensaver", "lock-enabled");
    let forbidden = get("org.gnome.desktop.lockdown", "disable-lock-screen");
    let idle = number("org.gnome.desktop.session", "idle-delay");
    let delay = number("org.gnome.desktop.screensaver", "lock-delay");
    match (lock.as_deref(), forbidden.as_deref(), idle, delay) {
        (Some("false"), ..) => Found::off("GNOME's automatic screen lock is off: Settings, Privacy, Screen Lock"),
        (_, Some("true"), ..) => Found::off("GNOME's lock screen is disabled (org.gnome.desktop.lockdown)"),
        (.., Some(0), _) => Found::off("GNOME never blanks the screen: Settings, Privacy, Screen Lock"),
        (Some("true"), Some("false"), Some(idle), Some(delay)) => after(u64::from(idle) + u64::from(delay), "GNOME"),
        _ => Found::unknown("gsettings does not tell whether GNOME locks the screen"),
    }
}

/// kscreenlockerrc: the user's settings before the system's before what Plasma does by itself.
fn kde(root: &Root, session: &Session) -> Found<Setting> {
    let Some(config) = &session.config else {
        return Found::unknown("there is no folder of settings: KDE does not tell whether the screen locks");
    };
    let files = [config.join("kscreenlockerrc"), PathBuf::from("/etc/xdg/kscreenlockerrc")];
    let mut texts = Vec::new();
    for file in files {
        match root.text(&file) {
            Ok(text) => texts.push(text),
            Err(Unread::Absent) => {}
            Err(Unread::Refused | Unread::TooLong) => {
                return Found::unknown(format!("{} can't be read", file.display()));
            }
        }
    }
    let get = |key| texts.iter().find_map(|text| of_daemon(text, key));
    match get("Autolock") {
        None | Some("true" | "1" | "yes" | "on") => {}
        Some("false" | "0" | "no" | "off") => {
            return Found::off("KDE does not lock the screen by itself: System Settings, Screen Locking");
        }
        Some(_) => return Found::unknown("kscreenlockerrc does not tell whether KDE locks the screen (Autolock)"),
    }
    match get("Timeout").map(str::parse::<u32>) {
        None => after(KDE_MINUTES * 60, "KDE"),
        Some(Ok(0)) => Found::off("KDE never locks the screen by itself: System Settings, Screen Locking"),
        Some(Ok(minutes)) => after(u64::from(minutes) * 60, "KDE"),
        Some(Err(_)) => Found::unknown("kscreenlockerrc does not tell when KDE locks the screen (Timeout)"),
    }
}

/// The last value of a key in the group `[Daemon]`, which may be marked as immutable.
fn of_daemon<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut group = "";
    let mut value = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            group = line;
        } else if let Some((name, found)) = line.split_once('=')
            && group == "[Daemon]"
            && name.trim_end().trim_end_matches("[$i]") == key
        {
            value = Some(found.trim());
        }
    }
    value
}

fn after(seconds: u64, desktop: &str) -> Found<Setting> {
    if seconds <= LONGEST {
        Found::on(format!("{desktop} locks the screen after {seconds} seconds"))
    } else {
        Found::off(format!("{desktop} locks the screen only after {seconds} seconds: make it an hour at most"))
    }
}

/// What Plasma does where nothing is set.
const KDE_MINUTES: u64 = 5;
/// Who left an hour ago has left the screen open.
const LONGEST: u64 = 60 * 60;
