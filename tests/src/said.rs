use std::process::{Child, Output};

use serde_json::Value;

use crate::exit::{self, Exit};

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// -1 where a signal ended it.
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Waits for the program's end.
    pub fn by(child: Child) -> Self {
        Self::of(child.wait_with_output().unwrap())
    }

    /// Its JSON; panics unless it did what it was asked.
    #[track_caller]
    pub fn done(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.err);
        if self.out.trim().is_empty() { Value::Null } else { serde_json::from_str(&self.out).unwrap() }
    }

    /// Panics unless it failed so, with nothing but one line for people; gives the line without the program's name.
    #[track_caller]
    pub fn line(&self, exit: Exit) -> String {
        assert_eq!(self.lines(exit), 1, "more than one line: {}", self.err);
        self.last_line().strip_prefix("keyfold: ").expect(&self.err).to_owned()
    }

    /// Panics unless it failed so, with nothing but one problem object (RFC 9457); gives its detail.
    #[track_caller]
    pub fn problem(&self, exit: Exit) -> String {
        assert_eq!(self.lines(exit), 1, "more than one line: {}", self.err);
        self.last_problem(exit)
    }

    /// The same for a command that shows something to people before it fails: its last line is the problem object.
    #[track_caller]
    pub fn last_problem(&self, exit: Exit) -> String {
        self.lines(exit);
        let problem: Value = serde_json::from_str(self.last_line()).expect(&self.err);
        assert_eq!(problem["type"], format!("urn:keyfold:problem:{}", exit.name));
        assert_eq!((&problem["title"], &problem["exit_status"]), (&exit.name.into(), &exit.status.into()));
        problem["detail"].as_str().unwrap().to_owned()
    }

    /// Panics unless `keyfoldd` failed with nothing but one line; gives the line without the program's name.
    #[track_caller]
    pub fn server_line(&self) -> String {
        assert_eq!(self.lines(exit::SERVER_FAILED), 1, "more than one line: {}", self.err);
        self.last_line().strip_prefix("keyfoldd: ").expect(&self.err).to_owned()
    }

    #[track_caller]
    fn lines(&self, exit: Exit) -> usize {
        assert_eq!(self.status, exit.status, "out: {}\nerr: {}", self.out, self.err);
        assert_eq!(self.out, "", "a failure has no result");
        for trace in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.err.contains(trace), "{}", self.err);
        }
        self.err.lines().count()
    }

    fn last_line(&self) -> &str {
        self.err.lines().last().unwrap_or_default()
    }
}
