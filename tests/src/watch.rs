use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use serde_json::Value;

use crate::{Device, Said};

/// A device's `keyfold sync --watch`, while it runs. It ends with the test.
pub struct Watch {
    program: Option<Child>,
    events: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    /// Starts it, and waits until it has synced and listens.
    pub fn of(device: &Device) -> Self {
        let mut program = device.start(&["sync", "--watch"]);
        let events = BufReader::new(program.stdout.take().unwrap()).lines();
        let mut watch = Self { program: Some(program), events };
        assert_eq!(watch.next_event()["event"], "synced");
        watch
    }

    /// Waits for the next thing that it tells.
    pub fn next_event(&mut self) -> Value {
        serde_json::from_str(&self.events.next().expect("the watch has ended").unwrap()).unwrap()
    }

    /// Waits until it tells this; gives it.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        std::iter::repeat_with(|| self.next_event()).find(wanted).unwrap()
    }

    /// As Ctrl-C does; waits for its end.
    pub fn interrupt(self) -> Said {
        let process = self.program.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        self.ends()
    }

    /// Waits for its end.
    pub fn ends(mut self) -> Said {
        let program = self.program.take().unwrap();
        // What it still tells is read before the end is waited for, or it could not tell it.
        self.events.by_ref().for_each(drop);
        Said::by(program)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}
