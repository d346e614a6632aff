use std::{fmt::Display, io};

/// Why something could not be measured. Each is one line for a person, with the mend where there is one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The machine lacks something.
    #[error("{what}. Mend: {mend}")]
    Missing {
        /// What is not there.
        what: String,
        /// What to do.
        mend: String,
    },
    /// A file, a socket or a process did not do what it was asked.
    #[error("{what}: {error}")]
    Io {
        /// Which.
        what: String,
        /// Why.
        error: io::Error,
    },
    /// A program that was started ended or said what makes no sense.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: String,
        /// The end of what it said.
        said: String,
    },
    /// The server answered otherwise than it must.
    #[error("{request}: the server answered {status} {detail}")]
    Refused {
        /// Method and path.
        request: String,
        /// HTTP's.
        status: u16,
        /// The problem's text, for a person.
        detail: String,
    },
    /// A database that is a limit refused.
    #[error("the raw database: {0}")]
    Database(#[from] sqlx::Error),
    /// The client, or a part of it, refused: a fault in this program.
    #[error("{what}: {error}")]
    Client {
        /// What was tried.
        what: &'static str,
        /// Why not.
        error: String,
    },
    /// Somebody ended the program.
    #[error("interrupted; what was started is stopped")]
    Interrupted,
}

impl Failure {
    /// For `map_err`: an I/O error and what it befell.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }

    /// For `map_err`: what the SDK or a crate below it refused.
    pub(crate) fn client<E: Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Client { what, error: error.to_string() }
    }

    pub(crate) fn missing(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), mend: mend.into() }
    }
}
