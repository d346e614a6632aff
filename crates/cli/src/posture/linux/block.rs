//! Whether a block device is encrypted, or all that it is made of.

use std::path::{Path, PathBuf};

use super::{
    files::{Root, Unread},
    found::{Found, Setting},
};

/// What lies below a block device.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// As far as sysfs tells.
    Said(Found<Setting>),
    /// A file of another file system.
    File(PathBuf),
}

/// By major and minor number.
pub(super) fn by_number(root: &Root, device: &str) -> Below {
    by_folder(root, &Path::new("/sys/dev/block").join(device))
}

/// By its name in `/dev`.
pub(super) fn by_name(root: &Root, name: &str) -> Below {
    by_folder(root, &Path::new("/sys/class/block").join(name))
}

fn by_folder(root: &Root, folder: &Path) -> Below {
    let mut left = MAX_DEVICES;
    below(root, folder, &mut left)
}

/// Through partitions, logical volumes and arrays, down to an encrypted device or a disk. Of several, the worst counts.
fn below(root: &Root, folder: &Path, left: &mut usize) -> Below {
    let Some(less) = left.checked_sub(1) else {
        return unknown("this device is made of too many others to look at");
    };
    *left = less;
    let Ok(folder) = root.resolve(folder) else {
        return unknown("sysfs does not tell what this device is made of");
    };
    if !root.exists(folder.join("dev")) {
        return unknown("sysfs does not show the device that the profile lies on (is this a container?)");
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match root.text(folder.join("dm/uuid")) {
        Ok(uuid)
            if ENCRYPTED.iter().any(|kind| uuid.strip_prefix("CRYPT-").is_some_and(|uuid| uuid.starts_with(kind))) =>
        {
            return Below::Said(Found::on(format!("{name} is encrypted by dm-crypt")));
        }
        Ok(_) | Err(Unread::Absent) => {}
        Err(Unread::Refused | Unread::TooLong) => return unknown("sysfs does not tell what this device is made of"),
    }
    let Ok(parts) = root.names(folder.join("slaves")) else {
        return unknown("sysfs does not tell what this device is made of");
    };
    if !parts.is_empty() {
        return worst(parts.iter().map(|part| below(root, &folder.join("slaves").join(part), left)));
    }
    if root.exists(folder.join("partition")) {
        return folder.parent().map_or_else(|| unknown("a partition of no disk"), |disk| below(root, disk, left));
    }
    match root.text(folder.join("loop/backing_file")) {
        Ok(file) => Below::File(file.trim_end_matches('\n').into()),
        Err(Unread::Absent) if name.starts_with("zram") || name.starts_with("ram") => {
            unknown("the profile lies in memory: its disk encryption can't be told")
        }
        Err(Unread::Absent) => Below::Said(Found::off(format!(
            "{name} is not encrypted by dm-crypt: encrypt it with LUKS (a drive that encrypts by itself can't be seen)"
        ))),
        Err(Unread::Refused | Unread::TooLong) => unknown("sysfs does not tell what this device is made of"),
    }
}

/// Of all that something is made of: off, if one is; unknown, if one is; else on. A file among several counts as unknown.
pub(super) fn worst(all: impl Iterator<Item = Below>) -> Below {
    let mut worst: Option<Below> = None;
    let rank = |below: &Below| match below {
        Below::Said(Found::Known { value: Setting::On, .. }) => 0,
        Below::File(_) => 1,
        Below::Said(Found::Unknown { .. }) => 2,
        Below::Said(Found::Known { value: Setting::Off, .. }) => 3,
    };
    let mut count = 0;
    for one in all {
        count += 1;
        if worst.as_ref().is_none_or(|worst| rank(&one) > rank(worst)) {
            worst = Some(one);
        }
    }
    match worst {
        Some(Below::File(_)) if count > 1 => {
            unknown("one of several devices is a file: it can't be told where it lies")
        }
        Some(worst) => worst,
        None => unknown("sysfs does not tell what this device is made of"),
    }
}

fn unknown(reason: &str) -> Below {
    Below::Said(Found::unknown(reason))
}

/// What cryptsetup calls the kinds of dm-crypt; `VERITY` and `INTEGRITY` encrypt nothing.
const ENCRYPTED: [&str; 7] = ["LUKS1-", "LUKS2-", "PLAIN-", "TCRYPT-", "BITLK-", "FVAULT2-", "LOOPAES-"];
/// An array of many disks has some dozens.
const MAX_DEVICES: usize = 256;
