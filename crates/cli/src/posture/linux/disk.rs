//! Whether what is written at a path lies encrypted on disk.

use std::path::Path;

use super::{
    block::{self, Below},
    files::Root,
    found::{Found, Setting},
    mounts::{self, Mount},
};

/// Of the file system that holds `path`, by dm-crypt below it. Encryption by the file system itself (fscrypt, ZFS, eCryptfs) and by
/// the drive can't be seen, nor whether a key lies beside the lock.
pub(super) fn encryption(root: &Root, path: &Path) -> Found<Setting> {
    let mut path = path.to_owned();
    // A loop device is a file, on another file system.
    for _ in 0..MAX_FILES {
        match below(root, &path) {
            Below::Said(found) => return found,
            Below::File(file) => path = file,
        }
    }
    Found::unknown("too many disks lie in files of each other")
}

fn below(root: &Root, path: &Path) -> Below {
    if !path.is_absolute() {
        return unknown("the profile's folder is not an absolute path");
    }
    let Ok(path) = root.resolve(path) else {
        return unknown("a folder above the profile can't be entered");
    };
    let Ok(Some(mount)) = mounts::mount_of(root, &path) else {
        return unknown("/proc/self/mountinfo does not tell what the profile lies on");
    };
    let found = match (mount.kind.as_str(), mount.device.starts_with("0:")) {
        ("btrfs", _) => btrfs(root, &mount),
        (_, false) => block::by_number(root, &mount.device),
        (kind, true) => return unknown(&without_device(kind)),
    };
    let native = ["ext4", "f2fs"].contains(&mount.kind.as_str());
    match found {
        // It encrypts folders one by one.
        Below::Said(Found::Known { value: Setting::Off, .. }) if native && root.exists(mount.at(".fscrypt")) => {
            unknown("fscrypt is set up on this file system: whether it encrypts the profile can't be told")
        }
        found => found,
    }
}

/// Its mounts have no device of their own, and may have several below.
fn btrfs(root: &Root, mount: &Mount) -> Below {
    let name = match root.resolve(&mount.source) {
        Ok(device) if device.starts_with("/dev") => device.file_name().map(ToOwned::to_owned),
        _ => None,
    };
    let Some(name) = name else {
        return unknown("btrfs does not tell which device it is on");
    };
    // One folder for each file system, with a link to each of its devices.
    let Ok(systems) = root.names(BTRFS) else {
        return unknown("btrfs does not tell which devices it is on");
    };
    for system in systems {
        let folder = Path::new(BTRFS).join(system).join("devices");
        match root.names(&folder) {
            Ok(devices) if devices.contains(&name) => {
                return block::worst(devices.iter().map(|device| match device.to_str() {
                    Some(device) => block::by_name(root, device),
                    None => unknown("btrfs is on a device without a name"),
                }));
            }
            _ => {}
        }
    }
    unknown("btrfs does not tell which devices it is on")
}

fn without_device(kind: &str) -> String {
    match kind {
        "overlay" | "9p" | "virtiofs" => {
            format!("the profile lies on {kind}, in a container or virtual machine: ask whoever runs that")
        }
        "tmpfs" | "ramfs" => format!("the profile lies in memory ({kind}): its disk encryption can't be told"),
        "zfs" => "the profile lies on ZFS, whose encryption can't be seen from here (zfs get encryption)".to_owned(),
        "ecryptfs" => "the profile lies on eCryptfs, whose encryption is not judged: use LUKS".to_owned(),
        "nfs" | "nfs4" | "cifs" | "smb3" | "ceph" => {
            format!("the profile lies on another machine ({kind}): move it to an encrypted disk of this one")
        }
        _ => format!("the profile lies on {kind}, of which it can't be told whether it is encrypted"),
    }
}

fn unknown(reason: &str) -> Below {
    Below::Said(Found::unknown(reason))
}

const BTRFS: &str = "/sys/fs/btrfs";
const MAX_FILES: usize = 8;
