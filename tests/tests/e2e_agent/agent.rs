use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command},
};

use keyfold_tests::{Device, started};
use serde_json::Value;

/// An agent, which is killed when it goes.
pub(crate) struct Agent(pub(crate) Child);

impl Agent {
    pub(crate) fn ready(device: &Device, socket: &Path) -> Self {
        Self::started_by(device.command(&["agent", "--socket", socket.to_str().unwrap()]))
    }

    pub(crate) fn started_by(command: Command) -> Self {
        let mut agent = Self(started(command));
        let mut line = String::new();
        BufReader::new(agent.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["event"], "ready");
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
