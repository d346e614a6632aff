//! How codes pass between two devices: a person reads and types them, or files carry them.

mod carried;
mod shown;

use std::path::PathBuf;

use keyfold_client::CheckCode;
use tokio::sync::mpsc;

use self::{carried::Line, shown::Shown};
use super::{
    ask::{ask_line, has_terminal},
    files::{is_stream, on_a_thread, path_of_fd},
};
use crate::{args::Codes, exit::Exit, failure::Failure, output::say};

pub(crate) struct CodeExchange {
    shown: Shown,
    source: Source,
}

enum Source {
    /// A person, at the terminal.
    Terminal,
    /// A file that grows by a line for each code.
    File { path: PathBuf, read: usize },
    /// Lines of a pipe, read by a thread of its own.
    Lines(mpsc::Receiver<Line>),
}

impl CodeExchange {
    pub(crate) fn new(codes: &Codes) -> Result<Self, Failure> {
        let source = match (&codes.code_file, codes.code_fd) {
            (Some(path), _) if is_stream(path) => Source::Lines(carried::lines_of(path.clone())),
            (Some(path), _) => Source::File { path: path.clone(), read: 0 },
            (None, Some(fd)) => Source::Lines(carried::lines_of(path_of_fd(fd))),
            (None, None) => Source::Terminal,
        };
        Ok(Self { shown: Shown::new(codes.show_code_file.as_deref())?, source })
    }

    /// Refuses a file whose codes were there before anybody can have shown one.
    pub(crate) fn must_be_to_come(&self) -> Result<(), Failure> {
        match &self.source {
            Source::File { path, .. } if path.exists() => Err(Failure::new(
                Exit::Usage,
                format!(
                    "{}: is there already, so its codes are not this enrolment's; name a file that is not there yet",
                    path.display()
                ),
            )),
            _ => Ok(()),
        }
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
    pub(crate) async fn show(&mut self, words: &str, code: &str) -> Result<(), Failure> {
        say(&format!("{words} {code}"));
        self.shown.write(code).await
    }

    /// The next code that the other device shows.
    pub(crate) async fn next(&mut self, prompt: &str) -> Result<String, Failure> {
        match &mut self.source {
            Source::Terminal => ask(prompt.to_owned()).await,
            Source::File { path, read } => {
                let line = carried::line_of_file(path, *read).await?;
                *read += 1;
                Ok(line)
            }
            Source::Lines(lines) => carried::next_of(lines).await,
        }
    }

    /// The next check code. A person who mistypes so that it is none is asked again; nobody else is.
    pub(crate) async fn check_code(&mut self, prompt: &str) -> Result<CheckCode, Failure> {
        loop {
            match CheckCode::parse(&self.next(prompt).await?) {
                Ok(code) => return Ok(code),
                Err(malformed) if self.are_carried() => return Err(malformed.into()),
                Err(malformed) => say(&format!("That is none: {malformed}, such as 1234 5678.")),
            }
        }
    }
}

/// A person may never answer; what else there is to wait for goes on meanwhile.
async fn ask(prompt: String) -> Result<String, Failure> {
    let line = on_a_thread(move || ask_line(&prompt, "--code-file FILE or --code-fd N")).await?;
    // An empty line has its end; without one, nothing more will be typed.
    if line.is_empty() { Err(Failure::new(Exit::Usage, "no code was typed")) } else { Ok(line) }
}
