use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use crate::{arguments::Arguments, children::Child, failure::Failure};

/// Where and how long everything is measured.
pub(crate) struct Stage {
    folder: TempDir,
    programs: PathBuf,
    /// For each side of a comparison.
    pub(crate) time: Duration,
    /// Somebody's own PostgreSQL.
    pub(crate) postgres: Option<String>,
}

impl Stage {
    /// Makes a folder on a real disk, and lets this program and its children open as many files as they will need.
    pub(crate) fn set(arguments: &Arguments) -> Result<Self, Failure> {
        let own = env::current_exe().map_err(Failure::io("this program's path"))?;
        let programs = own.parent().unwrap_or(Path::new(".")).to_owned();
        let dir = arguments.dir.clone().unwrap_or_else(|| programs.clone());
        let folder = TempDir::with_prefix_in("keyfold-bench.", &dir).map_err(Failure::io(dir.display().to_string()))?;
        check_disk(folder.path())?;
        // PostgreSQL runs as another user, in a folder of its own below.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711))
            .map_err(Failure::io(folder.path().display().to_string()))?;
        let time = Duration::from_secs_f64(arguments.seconds);
        Ok(Self { folder, programs, time, postgres: arguments.postgres.clone() })
    }

    /// A new folder below the stage's own.
    pub(crate) fn folder(&self, prefix: &str) -> Result<TempDir, Failure> {
        TempDir::with_prefix_in(prefix, self.folder.path()).map_err(Failure::io("a folder for data"))
    }

    /// A program that was built with this one.
    pub(crate) fn program(&self, name: &'static str) -> Result<PathBuf, Failure> {
        let path = self.programs.join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(Failure::missing(format!("{name} does not lie beside this program"), "cargo build --release --workspace"))
    }
}

/// Raises the number of files that this process may open, and with it that of the children which it starts from now on.
pub(crate) fn allow_files(wanted: u64) -> Result<(), Failure> {
    if open_files()? >= wanted {
        return Ok(());
    }
    let (own, limit) = (std::process::id().to_string(), format!("{wanted}:"));
    let raised = Child::output("prlimit", &["--pid", &own, "--nofile", &limit]);
    match (raised, open_files()?) {
        (_, now) if now >= wanted => Ok(()),
        (_, now) => Err(Failure::missing(
            format!("{wanted} files must be open at once, and {now} may be"),
            format!("ulimit -n {wanted}"),
        )),
    }
}

fn open_files() -> Result<u64, Failure> {
    let limits = fs::read_to_string("/proc/self/limits").map_err(Failure::io("/proc/self/limits"))?;
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    Ok(soft.and_then(|number| number.parse().ok()).unwrap_or(u64::MAX))
}

/// A file system in memory makes durable what a power failure takes.
fn check_disk(folder: &Path) -> Result<(), Failure> {
    let folder = folder.canonicalize().map_err(Failure::io(folder.display().to_string()))?;
    let mounts = fs::read_to_string("/proc/self/mounts").map_err(Failure::io("/proc/self/mounts"))?;
    match kind_of(&folder, &mounts) {
        Some(kind) if IN_MEMORY.contains(&kind) => Err(Failure::missing(
            format!("{} is on {kind}, where nothing is durable", folder.display()),
            "name a folder on a disk with --dir",
        )),
        _ => Ok(()),
    }
}

/// The file system that a folder is on: that of the longest mount point above it, the last of several.
fn kind_of<'a>(folder: &Path, mounts: &'a str) -> Option<&'a str> {
    let mount = |line: &'a str| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    };
    let above = mounts.lines().filter_map(mount).filter(|(point, _)| folder.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_mount_nearest_above_it() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmp/disk ext4 rw 0 0\n";
        let kind = |folder: &str| kind_of(Path::new(folder), mounts);
        assert_eq!(kind("/home/ana"), Some("ext4"));
        assert_eq!(kind("/tmp/x"), Some("tmpfs"));
        assert_eq!(kind("/tmp/disk/x"), Some("ext4"));
        assert_eq!(kind("/tmpfiles"), Some("ext4"));
    }
}
