//! People at a terminal of their own.

use std::{
    io::{BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use keyfold_tests::{Device, Server};

/// A program on a terminal, and the person who sits at it.
struct Terminal {
    program: Child,
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
}

impl Terminal {
    /// `script` makes the terminal; it copies what is typed to it and what is shown on it.
    fn runs(command: &Command) -> Self {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
        let mut program = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--echo", "never", "--command", &words.join(" "), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (keyboard, screen) = (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()));
        Self { program, keyboard, screen }
    }

    /// Waits until this is shown; gives everything up to the end of it.
    fn shows(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        while !shown.ends_with(text.as_bytes()) {
            let mut byte = [0];
            let read = self.screen.read_exact(&mut byte);
            assert!(read.is_ok(), "{text:?} was not shown: {}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        String::from_utf8_lossy(&shown).into_owned()
    }

    fn types(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn ends(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.screen.read_to_string(&mut rest).unwrap();
        (self.program.wait().unwrap().code().unwrap(), rest)
    }
}

const PROMPT: &str = "The check code that the other device shows: ";

#[test]
fn one_prompt_takes_the_code_whoever_is_first() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone"];
    let mut at_phone = Terminal::runs(&phone.command(&enroll));
    at_phone.shows("the code ");
    let short_code = at_phone.shows("\n");

    let mut at_laptop = Terminal::runs(&laptop.command(&["device", "approve", "--yes"]));
    at_laptop.shows("The code that the new device shows: ");
    at_laptop.types(short_code.trim());
    at_laptop.shows("The check code to type on the new device is ");
    let from_laptop = at_laptop.shows("\n");
    at_phone.shows("the check code to type there next is ");
    let from_phone = at_phone.shows("\n");
    at_phone.shows(PROMPT);

    at_laptop.shows("The check code that the new device shows: ");
    at_laptop.types("my new phone");
    at_laptop.shows("a check code has eight digits, such as 1234 5678");
    at_laptop.types(from_phone.trim());
    let (status, shown) = at_laptop.ends();
    assert_eq!(status, 0, "{shown}");

    // The approver is done, and the one prompt still stands.
    at_phone.shows("The other device has let this one in.");
    at_phone.types("yes?");
    at_phone.shows("a check code has eight digits, such as 1234 5678");
    at_phone.shows(PROMPT);
    at_phone.types(from_laptop.trim());
    let (status, shown) = at_phone.ends();
    assert_eq!(status, 0, "{shown}");
    assert_eq!(laptop.ok(&["safety-number"]), phone.ok(&["safety-number"]));
}

#[test]
fn a_person_who_types_nothing_more_ends_the_enrolment() {
    let server = Server::start();
    let laptop = Device::founded(&server, "laptop");
    let phone = Device::new(&server);
    let enroll = ["device", "enroll", "--server", phone.url(), "--name", "phone", "--typed"];
    let mut at_phone = Terminal::runs(&phone.command(&enroll));
    at_phone.shows("the code ");
    let short_code = at_phone.shows("\n");
    let mut approve = laptop.start(&["device", "approve", "--code-fd", "0", "--yes"]);
    approve.stdin.as_mut().unwrap().write_all(short_code.trim_start().as_bytes()).unwrap();
    at_phone.shows(PROMPT);
    // Ctrl-D
    at_phone.keyboard.write_all(&[4]).unwrap();
    let (status, shown) = at_phone.ends();
    assert_eq!(status, 2, "{shown}");
    assert!(shown.contains("no code was typed"), "{shown}");
    approve.kill().unwrap();
    approve.wait().unwrap();
}
