use std::{
    io::{BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A program on a terminal, and the person who sits at it.
pub struct Terminal {
    program: Child,
    keyboard: ChildStdin,
    screen: BufReader<ChildStdout>,
}

impl Terminal {
    /// `script` makes the terminal; it copies what is typed to it and what is shown on it. A shell reads the words.
    pub fn runs(command: &Command) -> Self {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<&str> = words.map(|word| word.to_str().unwrap()).collect();
        let mut program = Command::new("script");
        program.args(["--quiet", "--return", "--flush", "--echo", "never", "--command", &words.join(" "), "/dev/null"]);
        program.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keyboard, screen) = (program.stdin.take().unwrap(), BufReader::new(program.stdout.take().unwrap()));
        Self { program, keyboard, screen }
    }

    /// Waits until this is shown; gives everything up to the end of it.
    pub fn shows(&mut self, text: &str) -> String {
        let mut shown = Vec::new();
        while !shown.ends_with(text.as_bytes()) {
            let mut byte = [0];
            let read = self.screen.read_exact(&mut byte);
            assert!(read.is_ok(), "{text:?} was not shown: {}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        String::from_utf8_lossy(&shown).into_owned()
    }

    pub fn types(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// A key that is no text, such as Ctrl-D (4).
    pub fn sends(&mut self, key: u8) {
        self.keyboard.write_all(&[key]).unwrap();
    }

    /// Waits for the program's end; gives its status, and the rest of what it showed.
    pub fn ends(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.screen.read_to_string(&mut rest).unwrap();
        (self.program.wait().unwrap().code().unwrap(), rest)
    }
}
