//! Which mount a path lies on (proc_pid_mountinfo(5)).

use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use super::files::{Root, Unread};

/// One that can be seen from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    id: u32,
    parent: u32,
    /// Major and minor number, in decimal, with a colon. The major number is 0 where there is no one device.
    pub(super) device: String,
    point: PathBuf,
    pub(super) kind: String,
    /// What was mounted, as the file system tells it: a device, a server, or any word.
    pub(super) source: PathBuf,
}

/// The mount that a resolved path lies on; `None`, where the list does not say.
pub(super) fn mount_of(root: &Root, path: &Path) -> Result<Option<Mount>, Unread> {
    let text = root.bytes("/proc/self/mountinfo", MAX_MOUNTS)?;
    Ok(find(&text.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect::<Vec<_>>(), path))
}

/// Goes the way that the kernel goes: from the root of all, into whatever is mounted on the way, in its order. A mount that another
/// one hides is not met.
fn find(mounts: &[Mount], path: &Path) -> Option<Mount> {
    let ids: BTreeMap<u32, &Mount> = mounts.iter().map(|mount| (mount.id, mount)).collect();
    let is_root = |mount: &&Mount| {
        mount.point == Path::new("/") && (mount.parent == mount.id || !ids.contains_key(&mount.parent))
    };
    let mut current = mounts.iter().find(is_root)?;
    for _ in mounts {
        let on_the_way = mounts
            .iter()
            .filter(|mount| mount.parent == current.id && mount.id != current.id && path.starts_with(&mount.point));
        match on_the_way.min_by_key(|mount| mount.point.components().count()) {
            Some(next) => current = next,
            None => return Some(current.clone()),
        }
    }
    None
}

impl Mount {
    /// The path of something at its top.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.point.join(name)
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let mut text = || Some(std::str::from_utf8(fields.next()?).ok()?.to_owned());
        let (id, parent) = (text()?.parse().ok()?, text()?.parse().ok()?);
        let device = text()?;
        let (major, minor) = device.split_once(':')?;
        // It becomes part of a path.
        let (_, _): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        let _root = fields.next()?;
        let point = unescaped(fields.next()?);
        let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
        let kind = std::str::from_utf8(rest.next()?).ok()?.to_owned();
        let source = unescaped(rest.next()?);
        Some(Self { id, parent, device, point, kind, source })
    }
}

/// Blanks and backslashes are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    OsString::from_vec(bytes).into()
}

/// A machine with many containers has thousands of mounts. A list that was cut would tell of a mount that another one hides.
const MAX_MOUNTS: u64 = 4 * 1_024 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mounts: &str, path: &str) -> Option<String> {
        let mounts: Vec<_> = mounts.as_bytes().split(|byte| *byte == b'\n').filter_map(Mount::parse).collect();
        find(&mounts, Path::new(path)).map(|mount| mount.device)
    }

    #[test]
    fn a_path_lies_on_the_nearest_mount_above() {
        let mounts = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      2 1 8:2 / /home rw shared:1 master:2 - ext4 /dev/sda2 rw\n\
                      3 2 8:3 /sub /home/my\\040own rw - ext4 /dev/sda3 rw";
        assert_eq!(found(mounts, "/etc").as_deref(), Some("8:1"));
        assert_eq!(found(mounts, "/home").as_deref(), Some("8:2"));
        assert_eq!(found(mounts, "/homely").as_deref(), Some("8:1"));
        assert_eq!(found(mounts, "/home/my own/profile").as_deref(), Some("8:3"));
        assert_eq!(found("", "/etc"), None);
    }

    #[test]
    fn a_mount_that_another_one_hides_is_not_met() {
        let mounts = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      3 1 8:3 / /home/alice rw - ext4 /dev/mapper/alice rw\n\
                      4 1 8:4 / /home rw - ext4 /dev/sda4 rw\n\
                      5 4 8:5 / /home rw - ext4 /dev/sda5 rw";
        assert_eq!(found(mounts, "/home/alice/profile").as_deref(), Some("8:5"));
    }

    #[test]
    fn mounts_that_go_round_end() {
        let mounts = "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / / rw - ext4 b rw\n1 2 8:3 / / rw - ext4 c rw";
        let _ = found(mounts, "/etc");
        assert_eq!(found("1 1 0:1 / / rw - rootfs none rw", "/etc").as_deref(), Some("0:1"));
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        for line in [
            "",
            "1",
            "1 0 8:1 / /",
            "x 0 8:1 / / rw - ext4 a rw",
            "1 0 8:1/../2 / / rw - ext4 a rw",
            "1 0 8:1 / / rw -",
        ] {
            assert_eq!(Mount::parse(line.as_bytes()), None, "{line}");
        }
        let odd = Mount::parse(b"1 0 8:1 / /a\\134b\\0 rw - fuse.x \\777 rw").unwrap();
        assert_eq!((odd.point, odd.source), ("/a\\b\\0".into(), "\\777".into()));
    }
}
