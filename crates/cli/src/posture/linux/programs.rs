use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Runs programs of the system that answer at once.
pub(crate) trait Run {
    /// What it prints; `None`, if it is not there, fails, or takes too long.
    fn run(&self, program: &str, arguments: &[&str]) -> Option<String>;
}

/// The real ones, found along `PATH`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemPrograms;

impl Run for SystemPrograms {
    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let deadline = Instant::now() + PATIENCE;
        let printed = printed(&mut child, deadline);
        let ended = ended(&mut child, deadline);
        if ended.is_none() {
            // It may have ended by itself meanwhile.
            let _ = child.kill();
            let _ = child.wait();
        }
        if ended?.success() { String::from_utf8(printed?).ok() } else { None }
    }
}

/// How it ended. The library has no wait with an end.
fn ended(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => thread::park_timeout(BETWEEN_LOOKS),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// All that it prints, once it prints nothing more.
fn printed(child: &mut Child, deadline: Instant) -> Option<Vec<u8>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(MAX_PRINTED + 1).read_to_end(&mut bytes).is_ok();
        // Nobody may wait any more.
        let _ = sender.send(read.then_some(bytes));
    });
    let bytes = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()??;
    if bytes.len() as u64 > MAX_PRINTED { None } else { Some(bytes) }
}

const PATIENCE: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
const MAX_PRINTED: u64 = 64 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_run_and_not_waited_for_in_vain() {
        let run = |script| SystemPrograms.run("sh", &["-c", script]);
        assert_eq!(run("echo so").as_deref(), Some("so\n"));
        assert_eq!(run("echo so; exit 1"), None);
        assert_eq!(run("printf '\\377'"), None);
        assert_eq!(run("head -c 65537 /dev/zero"), None);
        assert_eq!(run("exec yes"), None);
        assert_eq!(SystemPrograms.run("/no/such/program", &[]), None);
    }

    #[test]
    fn a_program_that_never_ends_is_ended() {
        assert_eq!(SystemPrograms.run("cat", &["/dev/zero"]), None);
        assert_eq!(SystemPrograms.run("sleep", &["600"]), None);
    }

    #[test]
    fn nor_one_that_says_nothing_more() {
        assert_eq!(SystemPrograms.run("sh", &["-c", "exec sleep 600 >&-"]), None);
    }
}
