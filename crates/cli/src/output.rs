use std::io::Write;

use serde::Serialize;

use crate::{exit::Exit, failure::Failure};

/// Where results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) form: Form,
    /// Whether remarks are wanted.
    pub(crate) remarks: Remarks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remarks {
    Wanted,
    Quiet,
}

impl Output {
    /// A result: JSON for programs, else what `text` says for people.
    pub(crate) fn result<T: Serialize>(self, result: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        let text = match self.form {
            Form::Json => serde_json::to_string_pretty(result).map_err(|error| Failure::internal(&error))?,
            Form::Text => text(result),
        };
        print(text.trim_end())
    }

    /// One of many results, as a line.
    pub(crate) fn event<T: Serialize>(self, event: &T, text: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        match self.form {
            Form::Json => print(&serde_json::to_string(event).map_err(|error| Failure::internal(&error))?),
            Form::Text => print(&text(event)),
        }
    }
}

/// Prints a line on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    written.map_err(|error| Failure::new(Exit::Output, format!("the result cannot be written: {error}")))
}

/// Prints a line on standard error. Where that is closed, nobody is there to miss it.
pub(crate) fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
