use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr},
};
use zeroize::Zeroizing;

use crate::agent::cancel::Cancel;

/// Asks at the terminal for one request. A question is taken back once its request is, or its time is over, and what was typed
/// before it was asked is no answer to it.
pub(super) struct Keyboard<'a> {
    pub(super) cancel: &'a Cancel,
    pub(super) until: Instant,
}

impl Keyboard<'_> {
    /// The line that is typed; `None` if none is.
    pub(super) fn line(&self, question: &str) -> Option<String> {
        self.typed(question, None).map(|line| line.to_string())
    }

    /// The same, not shown as it is typed; an empty line is none.
    pub(super) fn secret(&self, question: &str) -> Option<Zeroizing<String>> {
        let terminal = terminal()?;
        let hidden = Hidden::begin(terminal)?;
        let typed = self.typed(question, Some(&hidden.terminal));
        drop(hidden);
        typed.filter(|typed| !typed.is_empty())
    }

    fn typed(&self, question: &str, hidden: Option<&File>) -> Option<Zeroizing<String>> {
        let mut terminal = match hidden {
            Some(terminal) => terminal.try_clone().ok()?,
            None => terminal()?,
        };
        tcflush(&terminal, QueueSelector::IFlush).ok()?;
        terminal.write_all(question.as_bytes()).ok()?;
        let line = self.read(&mut terminal);
        if line.is_none() || hidden.is_some() {
            // The cursor still stands behind the question.
            drop(terminal.write_all(b"\n"));
        }
        line
    }

    /// A line is there as a whole, once it is.
    fn read(&self, terminal: &mut File) -> Option<Zeroizing<String>> {
        loop {
            if self.cancel.is_cancelled() || Instant::now() >= self.until {
                return None;
            }
            let ready = poll(&mut [PollFd::new(terminal, PollFlags::IN)], Some(&LOOK));
            match ready {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => break,
                Err(_) => return None,
            }
        }
        let mut line = Zeroizing::new([0; LONGEST]);
        let length = terminal.read(line.as_mut_slice()).ok()?;
        let line = std::str::from_utf8(line.get(..length)?).ok()?;
        line.strip_suffix('\n').map(|line| Zeroizing::new(line.to_owned()))
    }
}

/// A terminal that does not show what is typed, until this goes.
struct Hidden {
    terminal: File,
    before: Termios,
}

impl Hidden {
    fn begin(terminal: File) -> Option<Self> {
        let before = tcgetattr(&terminal).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &modes).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nobody is left who could be told.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Whatever standard input is.
fn terminal() -> Option<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").ok()
}

/// How often it is looked whether anybody still waits.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// The longest line, in bytes; whoever types more types nothing.
const LONGEST: usize = 1_024;
/// Where the request sets no limit.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
