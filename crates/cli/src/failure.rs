//! The one place where errors become exit statuses and lines for people.

mod from_client;

use std::{io::Write, process::ExitCode};

use serde::Serialize;

use crate::{exit::Exit, terminal::printable};

/// Why a command did not do what it was asked, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    detail: String,
}

/// A problem object (RFC 9457).
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    detail: &'a str,
    exit_status: u8,
}

impl Failure {
    pub(crate) fn new(exit: Exit, detail: impl Into<String>) -> Self {
        Self { exit, detail: detail.into() }
    }

    /// An error of the operating system that has no exit status of its own.
    pub(crate) fn internal(error: &impl std::fmt::Display) -> Self {
        Self::new(Exit::Internal, format!("a fault in this program: {error}"))
    }

    /// A file that was named on the command line cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Usage, format!("{}: {error}", path.display()))
    }

    /// The same, of a file that was named on the command line.
    pub(crate) fn about(self, path: &std::path::Path) -> Self {
        Self { detail: format!("{}: {}", path.display(), self.detail), ..self }
    }

    /// Tells the user and gives the exit status.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        let detail = printable(&self.detail);
        let line = if json {
            let problem = Problem {
                r#type: format!("urn:keyfold:problem:{}", self.exit.name()),
                title: self.exit.name(),
                detail: &detail,
                exit_status: self.exit.code(),
            };
            serde_json::to_string(&problem).unwrap_or_default()
        } else {
            format!("keyfold: {detail}")
        };
        // Where standard error is closed, the exit status still tells.
        drop(writeln!(std::io::stderr(), "{line}"));
        ExitCode::from(self.exit.code())
    }
}
