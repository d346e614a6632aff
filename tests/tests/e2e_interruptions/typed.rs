//! `keyfold device enroll` and `device approve` with typed codes that pipes carry.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use keyfold_tests::{Device, Said};

/// A new device whose screen and keyboard are this test's.
pub(crate) struct Enrolling {
    pub(crate) program: Child,
    /// What the other device shows is typed here.
    pub(crate) keyboard: ChildStdin,
    /// What this device shows.
    pub(crate) screen: BufReader<ChildStdout>,
}

impl Enrolling {
    pub(crate) fn starts(phone: &Device, options: &[&str]) -> Self {
        let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone", "--code-fd", "0"];
        // Codes are shown on standard output, where this test can wait for them: the result comes after them.
        let options = [&enroll[..], &["--show-code-file", "/dev/stdout"], options].concat();
        let mut program = phone
            .command(&options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (keyboard, screen) = (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()));
        Self { program, keyboard, screen }
    }

    /// The next code that the device shows.
    pub(crate) fn shows(&mut self) -> String {
        let mut line = String::new();
        self.screen.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn ends(mut self) -> Said {
        drop(self.keyboard);
        let mut out = String::new();
        std::io::Read::read_to_string(&mut self.screen, &mut out).unwrap();
        Said { out, ..Said::of(self.program.wait_with_output().unwrap()) }
    }
}

/// Ana types the codes that the phone shows on the laptop; gives the laptop's check code.
pub(crate) fn let_in(laptop: &Device, enrolling: &mut Enrolling) -> String {
    let shown = laptop.pipe("shown");
    let approve = ["device", "approve", "--code-fd", "0", "--show-code-file", shown.to_str().unwrap(), "--yes"];
    let mut approve = laptop.start(&approve);
    let mut keyboard = approve.stdin.take().unwrap();
    keyboard.write_all(enrolling.shows().as_bytes()).unwrap();
    keyboard.write_all(enrolling.shows().as_bytes()).unwrap();
    let code = fs::read_to_string(shown).unwrap();
    let approved = Said::of(approve.wait_with_output().unwrap());
    assert_eq!(approved.status, 0, "{}", approved.err);
    code
}
