use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

/// A folder that plays the whole file system. Symbolic links are followed as if it were, and never lead out of it.
#[derive(Debug, Clone)]
pub(crate) struct Root(PathBuf);

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// There is none.
    Absent,
    /// It is there, and can't be read, or is nothing to be read.
    Refused,
    /// It is longer than anything that belongs there.
    TooLong,
}

impl Root {
    /// The machine's own.
    pub(crate) fn system() -> Self {
        Self(PathBuf::from("/"))
    }

    /// Another one.
    #[cfg(test)]
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The path that one leads to, as seen from within; what isn't there (yet) is taken as written. Fails where links go round
    /// in circles or a folder can't be entered.
    pub(super) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let mut open = names(path);
        let mut resolved = PathBuf::from("/");
        let mut links = 0;
        while let Some(name) = open.pop_front() {
            if name == ".." {
                resolved.pop();
                continue;
            }
            let next = resolved.join(&name);
            match fs::read_link(self.outside(&next)) {
                Ok(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::other("too many symbolic links"));
                    }
                    if target.is_absolute() {
                        resolved = PathBuf::from("/");
                    }
                    let mut ahead = names(&target);
                    ahead.append(&mut open);
                    open = ahead;
                }
                // Not a link, or not there.
                Err(error) if [io::ErrorKind::InvalidInput, io::ErrorKind::NotFound].contains(&error.kind()) => {
                    resolved = next;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(resolved)
    }

    /// A small text.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Result<String, Unread> {
        String::from_utf8(self.bytes(path, MAX_SMALL)?).map_err(|_| Unread::Refused)
    }

    /// A file of `most` bytes at most.
    pub(super) fn bytes(&self, path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>, Unread> {
        let path = self.outside(&self.resolve(path.as_ref()).map_err(|error| Unread::of(&error))?);
        // To open a pipe would wait for its other end.
        if !fs::metadata(&path).map_err(|error| Unread::of(&error))?.is_file() {
            return Err(Unread::Refused);
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|error| Unread::of(&error))?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(|error| Unread::of(&error))?;
        if bytes.len() as u64 > most { Err(Unread::TooLong) } else { Ok(bytes) }
    }

    /// The names in a folder; none, if it isn't there.
    pub(super) fn names(&self, folder: impl AsRef<Path>) -> Result<Vec<OsString>, Unread> {
        let folder = self.outside(&self.resolve(folder.as_ref()).map_err(|error| Unread::of(&error))?);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Unread::of(&error)),
        };
        let names: io::Result<Vec<_>> = entries.take(MAX_NAMES + 1).map(|entry| Ok(entry?.file_name())).collect();
        let mut names = names.map_err(|error| Unread::of(&error))?;
        names.sort();
        if names.len() > MAX_NAMES { Err(Unread::TooLong) } else { Ok(names) }
    }

    /// Whether something is there, as far as can be seen.
    pub(super) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.resolve(path.as_ref()).is_ok_and(|path| self.outside(&path).exists())
    }

    /// Where a path that was resolved lies really.
    fn outside(&self, resolved: &Path) -> PathBuf {
        self.0.join(resolved.strip_prefix("/").unwrap_or(resolved))
    }
}

impl Unread {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Absent,
            _ => Self::Refused,
        }
    }
}

/// What a path goes through, but for the root.
fn names(path: &Path) -> VecDeque<OsString> {
    let name = |component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    };
    path.components().filter_map(name).collect()
}

/// As many as Linux follows.
const MAX_LINKS: usize = 40;
/// No file of the system that is read here comes near that.
const MAX_SMALL: u64 = 64 * 1_024;
/// No folder of the system that is read here comes near that.
const MAX_NAMES: usize = 4_096;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path());
        fs::create_dir_all(folder.path().join("etc/deep")).unwrap();
        fs::write(folder.path().join("etc/name"), "inside").unwrap();
        (folder, root)
    }

    #[test]
    fn links_stay_within_the_root() {
        let (folder, root) = root();
        let at = |path: &str| folder.path().join(path);
        symlink("/etc/name", at("absolute")).unwrap();
        symlink("../../../../../etc/name", at("etc/deep/upwards")).unwrap();
        symlink("/etc/deep", at("folder")).unwrap();
        for path in ["/absolute", "/etc/deep/upwards", "/folder/upwards", "/folder/../name", "/../../etc/name"] {
            assert_eq!(root.text(path), Ok("inside".to_owned()), "{path}");
        }
        assert_eq!(root.resolve(Path::new("/folder/not/yet")).unwrap(), Path::new("/etc/deep/not/yet"));
    }

    #[test]
    fn links_that_go_round_end() {
        let (folder, root) = root();
        symlink("/b", folder.path().join("a")).unwrap();
        symlink("/a", folder.path().join("b")).unwrap();
        assert!(root.resolve(Path::new("/a")).is_err());
        assert_eq!(root.text("/a"), Err(Unread::Refused));
        assert!(!root.exists("/a"));
    }

    #[test]
    fn only_small_texts_are_read() {
        let (folder, root) = root();
        let write = |bytes: &[u8]| fs::write(folder.path().join("file"), bytes).unwrap();
        write(&[b'a'; 65_536]);
        assert_eq!(root.text("/file").unwrap().len(), 65_536);
        write(&[b'a'; 65_537]);
        assert_eq!(root.text("/file"), Err(Unread::TooLong));
        write(b"\xff");
        assert_eq!(root.text("/file"), Err(Unread::Refused));
        assert_eq!(root.text("/none"), Err(Unread::Absent));
        assert_eq!(root.text("/file/below"), Err(Unread::Absent));
        assert_eq!(root.text("/etc"), Err(Unread::Refused));
        assert_eq!(root.names("/none"), Ok(vec![]));
        assert_eq!(root.names("/etc").unwrap(), ["deep", "name"]);
    }
}
