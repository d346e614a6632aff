use std::{io::Write, process::Child};

use keyfold_tests::{Device, Said, Screen};

/// Two devices that enrol by typed codes, and a person who reads on one and types on the other.
pub(crate) struct Person {
    pub(crate) newcomer: Desk,
    pub(crate) approver: Desk,
}

/// A device as a person uses it: what it shows, and where one types.
pub(crate) struct Desk {
    screen: Screen,
    program: Child,
}

impl Person {
    /// Starts both programs. Nobody has typed anything yet.
    pub(crate) fn begins(newcomer: &Device, approver: &Device, key: &str) -> Self {
        let (first, second) = (newcomer.screen(), approver.screen());
        let options = ["--typed", "--device-key", key, "--code-fd", "0", "--show-code-file", first.path()];
        let enroll = newcomer.enroll("Ana's phone", &options);
        let approve =
            approver.start(&["device", "approve", "--yes", "--code-fd", "0", "--show-code-file", second.path()]);
        Self { newcomer: Desk { screen: first, program: enroll }, approver: Desk { screen: second, program: approve } }
    }

    /// Types the short code on the approver; gives the check codes that both devices show then, the newcomer's first.
    pub(crate) fn names_the_enrolment(&mut self) -> (String, String) {
        let short_code = self.newcomer.reads();
        self.approver.types(&short_code);
        (self.newcomer.reads(), self.approver.reads())
    }
}

impl Desk {
    /// Waits for the next code that the device shows.
    pub(crate) fn reads(&mut self) -> String {
        self.screen.reads()
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
