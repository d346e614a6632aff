use std::{
    fs::File,
    io::{BufRead, BufReader, Lines, Write},
    path::PathBuf,
    process::Child,
};

use keyfold_tests::{Device, Said};

/// Two devices that enrol by typed codes, and a person who reads on one and types on the other.
pub(crate) struct Person {
    pub(crate) newcomer: Desk,
    pub(crate) approver: Desk,
}

/// A device as a person uses it: what it shows, and where one types.
pub(crate) struct Desk {
    screen: PathBuf,
    lines: Option<Lines<BufReader<File>>>,
    program: Child,
}

impl Person {
    /// Starts both programs. Nobody has typed anything yet.
    pub(crate) fn begins(newcomer: &Device, approver: &Device, key: &str) -> Self {
        let (first, second) = (newcomer.new_pipe(), approver.new_pipe());
        let shown = |pipe: &PathBuf| pipe.to_str().unwrap().to_owned();
        let options = ["--typed", "--device-key", key, "--code-fd", "0", "--show-code-file", &shown(&first)];
        let enroll = newcomer.enroll("Ana's phone", &options);
        let approve =
            approver.start(&["device", "approve", "--yes", "--code-fd", "0", "--show-code-file", &shown(&second)]);
        Self { newcomer: Desk::of(first, enroll), approver: Desk::of(second, approve) }
    }

    /// Types the short code on the approver; gives the check codes that both devices show then, the newcomer's first.
    pub(crate) fn names_the_enrolment(&mut self) -> (String, String) {
        let short_code = self.newcomer.reads();
        self.approver.types(&short_code);
        (self.newcomer.reads(), self.approver.reads())
    }
}

impl Desk {
    fn of(screen: PathBuf, program: Child) -> Self {
        Self { screen, lines: None, program }
    }

    /// Waits for the next code that the device shows.
    pub(crate) fn reads(&mut self) -> String {
        let lines = self.lines.get_or_insert_with(|| BufReader::new(File::open(&self.screen).unwrap()).lines());
        lines.next().expect("it shows no further code").unwrap()
    }

    pub(crate) fn types(&mut self, code: &str) {
        writeln!(self.program.stdin.as_ref().unwrap(), "{code}").unwrap();
    }

    /// Waits for the program's end.
    pub(crate) fn ends(self) -> Said {
        Said::by(self.program)
    }
}

/// The code with its last digit changed.
pub(crate) fn wrong(code: &str) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    let last = last.parse::<u8>().unwrap();
    format!("{rest}{}", (last + 1) % 10)
}
