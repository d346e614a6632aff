//! Codes that a file or pipe carries.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::mpsc;

use crate::{exit::Exit, failure::Failure, terminal::files::on_a_thread};

pub(super) type Line = Result<String, Failure>;

/// Waits until the file holds the line; whoever writes it may come later.
pub(super) async fn line_of_file(path: &Path, number: usize) -> Line {
    let attempts = WAIT.as_millis() / LOOK.as_millis();
    for _ in 0..attempts {
        let file = path.to_owned();
        let lines = on_a_thread(move || whole_lines(&file)).await?;
        if let Some(line) = lines.into_iter().nth(number) {
            return Ok(line);
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(none_came(path))
}

/// The next line of a pipe.
pub(super) async fn next_of(lines: &mut mpsc::Receiver<Line>) -> Line {
    match tokio::time::timeout(WAIT, lines.recv()).await {
        Ok(Some(line)) => line,
        Ok(None) => Err(Failure::new(Exit::Usage, "there is no further code to read")),
        Err(_) => Err(none_came(Path::new("the codes' pipe"))),
    }
}

/// Lines of a pipe as they come, until its writers are gone. A named pipe may have another writer for each line.
pub(super) fn lines_of(path: PathBuf) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        loop {
            match File::open(&path) {
                Ok(file) => {
                    for line in Lines(BufReader::new(file)) {
                        if sender.blocking_send(line).is_err() {
                            return;
                        }
                    }
                }
                Err(error) => return drop(sender.blocking_send(Err(Failure::file(&path, &error)))),
            }
            if !is_named_pipe(&path) {
                return;
            }
        }
    });
    receiver
}

/// A line without its end counts for nothing yet.
fn whole_lines(path: &Path) -> Result<Vec<String>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file(path, &error)),
    };
    let mut text = String::new();
    file.take(MAX_FILE as u64 + 1).read_to_string(&mut text).map_err(|_| malformed())?;
    if text.len() > MAX_FILE {
        return Err(malformed());
    }
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::trim);
    whole.filter(|line| !line.is_empty()).map(|line| bounded(line.to_owned())).collect()
}

/// Lines that are not empty, none of them longer than a code may be.
struct Lines<R>(BufReader<R>);

impl<R: Read> Iterator for Lines<R> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            let mut line = String::new();
            match self.0.by_ref().take(MAX_LINE as u64 + 2).read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) if line.trim().is_empty() => {}
                Ok(_) => return Some(bounded(line.trim().to_owned())),
                Err(_) => return Some(Err(malformed())),
            }
        }
    }
}

fn bounded(line: String) -> Line {
    if line.len() <= MAX_LINE { Ok(line) } else { Err(malformed()) }
}

fn malformed() -> Failure {
    Failure::new(Exit::Malformed, "what carries the codes holds something else: a code is a line of a few characters")
}

fn none_came(path: &Path) -> Failure {
    Failure::new(Exit::Usage, format!("{}: no code came within ten minutes", path.display()))
}

#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    // What /dev/fd shows is open already, and has no further writers.
    let named = !path.starts_with("/dev/fd");
    named && std::fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_named_pipe(_path: &Path) -> bool {
    false
}

/// An enrolment lives ten minutes.
const WAIT: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(100);
/// Two codes, with all the white space that somebody may like.
const MAX_FILE: usize = 4 * 1024;
const MAX_LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<String>> {
        Lines(BufReader::new(text.as_bytes())).take(8).map(Result::ok).collect()
    }

    #[test]
    fn a_code_is_a_line() {
        assert_eq!(lines("abcd-2345\n\n 1234 5678 \r\n"), [Some("abcd-2345".into()), Some("1234 5678".into())]);
        assert_eq!(lines("1234 5678"), [Some("1234 5678".into())], "the writer is gone");
        assert_eq!(lines(""), []);
    }

    #[test]
    fn a_line_that_never_ends_is_no_code() {
        assert_eq!(lines(&"1".repeat(1_000_000)).first(), Some(&None));
    }

    #[test]
    fn a_file_is_read_up_to_its_last_whole_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &[u8]| {
            std::fs::write(file.path(), text).unwrap();
            whole_lines(file.path()).ok()
        };
        assert_eq!(read(b"abcd-2345\n1234 56"), Some(vec!["abcd-2345".to_owned()]));
        assert_eq!(read(b""), Some(Vec::new()));
        assert_eq!(read(&b"1234 5678\n".repeat(1_000)), None, "that is no file of codes");
        assert_eq!(read(&[b'1'; 100]), Some(Vec::new()));
        assert_eq!(read(b"\xff\n"), None);
        assert_eq!(whole_lines(Path::new("/nowhere/at/all")).ok(), Some(Vec::new()), "its writer comes later");
    }
}
