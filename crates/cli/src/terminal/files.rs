use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{exit::Exit, failure::Failure};

/// The first line of a file, without its end.
pub(crate) fn read_line_of_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    first_line(file).map_err(|error| Failure::file(path, &error))
}

/// The first line of a file descriptor that the caller passed on.
pub(crate) fn read_line_of_fd(fd: u32) -> Result<Zeroizing<String>, Failure> {
    read_line_of_file(&path_of_fd(fd))
}

/// Where the system shows an open file descriptor.
pub(crate) fn path_of_fd(fd: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{fd}"))
}

/// A whole file of bounded size.
pub(crate) fn read_small_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure = |error: std::io::Error| Failure::file(path, &error);
    read_bounded(File::open(path).map_err(failure)?, path)
}

/// The same of at most so many bytes.
pub(crate) fn read_large_file(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    // A buffer that grows leaves copies of what was in it, which may be secret.
    let expected = file.metadata().map_or(0, |metadata| metadata.len().saturating_add(1));
    read_at_most(file, path, most, expected)
}

/// All of a reader; `name` is what a person calls it.
pub(crate) fn read_bounded(reader: impl Read, name: &Path) -> Result<Vec<u8>, Failure> {
    read_at_most(reader, name, MAX_FILE, 0)
}

fn read_at_most(reader: impl Read, name: &Path, most: u64, expected: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(most)).unwrap_or_default());
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| Failure::file(name, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(Failure::new(Exit::Malformed, format!("{}: larger than {most} bytes", name.display())))
    }
}

/// Replaces a file at once, readable by its owner alone: a reader sees all of it or nothing. A pipe or device is written to
/// as it is, as soon as somebody reads it.
pub(crate) async fn write_whole(path: &Path, bytes: Vec<u8>) -> Result<(), Failure> {
    write(path, bytes, Place::Any).await
}

/// The same for a file that must not be there yet.
pub(crate) async fn write_new(path: &Path, bytes: Vec<u8>) -> Result<(), Failure> {
    write(path, bytes, Place::Empty).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Any,
    Empty,
}

async fn write(path: &Path, bytes: Vec<u8>, place: Place) -> Result<(), Failure> {
    let (path, whole) = (path.to_owned(), Zeroizing::new(bytes));
    on_a_thread(move || {
        let written = if is_stream(&path) {
            File::options().write(true).open(&path).and_then(|mut stream| stream.write_all(&whole))
        } else {
            lay_down(&path, &whole, place)
        };
        written.map_err(|error| Failure::file(&path, &error))
    })
    .await
}

/// A file that only its owner can read and that was not there before, link or not.
pub(crate) fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether there is something that is no file: a pipe or a device.
pub(crate) fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|there| !there.is_file())
}

/// What may take as long as somebody else likes, such as opening a pipe. Everything else goes on meanwhile.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::internal(&error))?
}

/// The draft has a name that nobody can know before, and is made for its owner alone.
fn lay_down(path: &Path, bytes: &[u8], place: Place) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    let persisted = match place {
        Place::Any => draft.persist(path),
        Place::Empty => draft.persist_noclobber(path),
    };
    persisted.map(drop).map_err(|error| error.error)
}

fn first_line(file: File) -> std::io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    BufReader::new(file.take(MAX_LINE)).read_line(&mut line)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

/// Options, certificates and QR codes: far more than any needs.
const MAX_FILE: u64 = 4 * 1024 * 1024;
const MAX_LINE: u64 = 4 * 1024;

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn what_is_written_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qr.txt");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_whole(&path, b"secret".to_vec()).await.unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"secret".to_vec(), 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");

        let path = folder.path().join("codes");
        create_new(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[tokio::test]
    async fn a_link_that_somebody_laid_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        for name in ["qr.txt", "qr.txt.new"] {
            symlink(&victim, folder.path().join(name)).unwrap();
        }
        write_whole(&folder.path().join("qr.txt"), b"secret".to_vec()).await.unwrap();
        assert!(create_new(&folder.path().join("qr.txt.new")).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(folder.path().join("qr.txt")).unwrap(), "secret");
    }

    #[tokio::test]
    async fn a_new_file_takes_no_other_files_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.cxf");
        write_new(&path, b"one".to_vec()).await.unwrap();
        write_new(&path, b"two".to_vec()).await.unwrap_err();
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"one".to_vec(), 0o600));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[tokio::test]
    async fn a_device_is_written_to_as_it_is() {
        write_whole(Path::new("/dev/null"), b"secret".to_vec()).await.unwrap();
        assert!(is_stream(Path::new("/dev/null")));
    }
}
