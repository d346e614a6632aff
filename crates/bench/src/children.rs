//! Programs that are started and ended with a measurement, and what the kernel says of their memory.

use std::{
    fs, io,
    path::Path,
    process::{self, Command, Output, Stdio},
};

use crate::failure::Failure;

/// A running program. It ends with this value.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    name: String,
    end: End,
}

/// How a program is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At once: nobody needs its data again, or it must survive that.
    Kill,
    /// By a signal on which it ends its own children.
    Quit,
}

impl Child {
    /// Starts it with an empty standard input.
    pub(crate) fn start(mut command: Command, end: End) -> Result<Self, Failure> {
        let name = command.get_program().display().to_string();
        let process = command.stdin(Stdio::null()).spawn().map_err(Failure::io(name.clone()))?;
        Ok(Self { process, name, end })
    }

    /// What a program says that ends by itself, and well.
    pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String, Failure> {
        let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
        said(program, output.map_err(Failure::io(program))?)
    }

    /// The program's standard output, once.
    pub(crate) fn stdout(&mut self) -> Result<process::ChildStdout, Failure> {
        let missing = || io::Error::other("its output is not piped");
        self.process.stdout.take().ok_or_else(missing).map_err(Failure::io(self.name.clone()))
    }

    /// Resident memory now, in bytes.
    pub(crate) fn resident(&self) -> Result<f64, Failure> {
        self.status("VmRSS:")
    }

    /// Resident memory at its highest since it was last forgotten, in bytes.
    pub(crate) fn peak(&self) -> Result<f64, Failure> {
        self.status("VmHWM:")
    }

    /// Begins to look for a peak again.
    pub(crate) fn forget_peak(&self) -> Result<(), Failure> {
        let path = format!("/proc/{}/clear_refs", self.process.id());
        fs::write(&path, "5").map_err(Failure::io(path))
    }

    /// Sockets that it holds open.
    pub(crate) fn sockets(&self) -> Result<usize, Failure> {
        let path = format!("/proc/{}/fd", self.process.id());
        let held = fs::read_dir(&path).map_err(Failure::io(path))?;
        let is_socket = |path: &Path| fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        Ok(held.filter_map(Result::ok).filter(|entry| is_socket(&entry.path())).count())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    fn status(&self, field: &str) -> Result<f64, Failure> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&path).map_err(Failure::io(path.clone()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.map(|kib| kib * KIB).ok_or_else(|| Failure::io(path)(io::Error::other(format!("it has no {field}"))))
    }
}

/// What it said, if it ended well.
pub(crate) fn said(program: &str, output: Output) -> Result<String, Failure> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Program { program: program.to_owned(), said: end_of(&String::from_utf8_lossy(&output.stderr)) })
}

/// The last line that says something.
pub(crate) fn end_of(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}

impl Drop for Child {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        let quit = self.end == End::Quit && Child::output("kill", &["-QUIT", &id]).is_ok();
        if !quit {
            // One that has ended needs no more.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

pub(crate) const KIB: f64 = 1024.0;
pub(crate) const MIB: f64 = 1024.0 * KIB;
