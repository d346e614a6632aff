use std::{
    env,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A file system of a few MiB, which a test fills up and empties.
pub struct SmallDisk {
    folder: TempDir,
}

/// Tells the story where it may mount a file system and is root, whoever runs the tests: in namespaces of its own, which
/// take the mount with them when they end. `test` is the test's name: there, this program runs it alone.
///
/// Where the machine allows no such thing, the story is not told; with CI set, that fails.
pub fn on_a_small_disk(test: &str, story: impl FnOnce(&SmallDisk)) {
    if env::var_os(INSIDE).is_some() {
        return story(&SmallDisk::mount());
    }
    let Some(flags) = ["-rm", "-m"].into_iter().find(|flags| may_mount(flags)) else {
        assert!(env::var_os("CI").is_none(), "CI must let a test mount a tmpfs: {test} fills a disk");
        return eprintln!("NOT TESTED: {test}: this machine lets nobody mount a tmpfs, so no disk can be filled");
    };
    let mut alone = Command::new("unshare");
    alone.arg(flags).arg(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(INSIDE, "yes");
    // From in there nobody reaches a PostgreSQL of another user, and it is no part of such a story.
    alone.env_remove("KEYFOLD_POSTGRES");
    let told = alone.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

impl SmallDisk {
    fn mount() -> Self {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path());
        assert!(mount.status().unwrap().success());
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        self.fill_but(0);
    }

    /// Leaves this many pages free, for a write that begins and cannot end.
    pub fn fill_but(&self, pages: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        for piece in [&[0; 4096][..], &[0]] {
            let error = std::iter::repeat_with(|| ballast.write_all(piece)).find_map(Result::err).unwrap();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(pages * 4096)).unwrap();
    }

    /// Frees what filled it.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The namespace's end unmounts it too: this only lets the empty folder go.
        drop(Command::new("umount").arg("--lazy").arg(self.folder.path()).status());
    }
}

fn may_mount(flags: &str) -> bool {
    let folder = TempDir::new().unwrap();
    let mut mount = Command::new("unshare");
    mount.args([flags, "mount", "-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path());
    mount.output().is_ok_and(|mounted| mounted.status.success())
}

const SIZE: &str = "size=4m";
const INSIDE: &str = "KEYFOLD_TESTS_MAY_MOUNT";
