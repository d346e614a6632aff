use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    time::Duration,
};

use tokio::sync::mpsc;

use super::{
    ask::{ask_line, has_terminal},
    files::path_of_fd,
    write_whole,
};
use crate::{args::Codes, exit::Exit, failure::Failure, output::say};

/// How codes pass between two devices: a person reads and types them, or files carry them.
pub(crate) struct CodeExchange {
    shown: Vec<String>,
    show_file: Option<PathBuf>,
    source: Source,
}

enum Source {
    /// A person, at the terminal.
    Terminal,
    /// A file that grows by a line for each code.
    File { path: PathBuf, read: usize },
    /// Lines of a file descriptor, read by a thread of its own.
    Lines(mpsc::Receiver<std::io::Result<String>>),
}

impl CodeExchange {
    pub(crate) fn new(codes: &Codes) -> Self {
        let source = match (&codes.code_file, codes.code_fd) {
            (Some(path), _) => Source::File { path: path.clone(), read: 0 },
            (None, Some(fd)) => Source::Lines(lines_of(path_of_fd(fd))),
            (None, None) => Source::Terminal,
        };
        Self { shown: Vec::new(), show_file: codes.show_code_file.clone(), source }
    }

    /// Whether files carry the codes, and no person types them.
    pub(crate) const fn are_carried(&self) -> bool {
        !matches!(self.source, Source::Terminal)
    }

    /// Whether a code can come at all: there is a terminal to type it at, or something carries it.
    pub(crate) fn can_come(&self) -> bool {
        self.are_carried() || has_terminal()
    }

    /// Shows a code: to a person with some words, to a file as a line.
    pub(crate) fn show(&mut self, words: &str, code: &str) -> Result<(), Failure> {
        say(&format!("{words} {code}"));
        self.shown.push(code.to_owned());
        match &self.show_file {
            Some(path) => write_whole(path, format!("{}\n", self.shown.join("\n")).as_bytes()),
            None => Ok(()),
        }
    }

    /// The next code that the other device shows.
    pub(crate) async fn next(&mut self, prompt: &str) -> Result<String, Failure> {
        match &mut self.source {
            Source::Terminal => ask_in_thread(prompt.to_owned()).await,
            Source::File { path, read } => {
                let line = line_of_file(path, *read).await?;
                *read += 1;
                Ok(line)
            }
            Source::Lines(lines) => match lines.recv().await {
                Some(Ok(line)) => Ok(line),
                Some(Err(error)) => Err(Failure::new(Exit::Usage, format!("the code cannot be read: {error}"))),
                None => Err(Failure::new(Exit::Usage, "there is no further code to read")),
            },
        }
    }
}

/// Waits until the file holds the line; whoever writes it may come later.
async fn line_of_file(path: &PathBuf, number: usize) -> Result<String, Failure> {
    let attempts = WAIT.as_millis() / LOOK.as_millis();
    for _ in 0..attempts {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        if let Some(line) = whole.map(str::trim).filter(|line| !line.is_empty()).nth(number) {
            return Ok(line.to_owned());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Failure::new(Exit::Usage, format!("{}: no code came within ten minutes", path.display())))
}

/// A person may never answer; what else there is to wait for goes on meanwhile.
async fn ask_in_thread(prompt: String) -> Result<String, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || drop(sender.send(ask_line(&prompt, "--code-file FILE or --code-fd N"))));
    receiver.await.map_err(|error| Failure::internal(&error))?
}

fn lines_of(path: PathBuf) -> mpsc::Receiver<std::io::Result<String>> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let lines = match File::open(path) {
            Ok(file) => BufReader::new(file).lines(),
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        for line in lines {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// An enrolment lives ten minutes.
const WAIT: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(100);
