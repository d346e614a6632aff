use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::Port;

/// A Redis of this test's own. It ends with the test.
pub struct Redis {
    folder: TempDir,
    port: Port,
    process: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        let mut redis = Self { folder: TempDir::new().unwrap(), port: Port::reserved(), process: None };
        redis.run();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port.number())
    }

    /// Its answer to a command, as it comes over the wire.
    pub fn says(&self, command: &[&[u8]]) -> Vec<u8> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port.number())).unwrap();
        let mut asked = format!("*{}\r\n", command.len()).into_bytes();
        for word in command {
            asked.extend(format!("${}\r\n", word.len()).into_bytes());
            asked.extend_from_slice(word);
            asked.extend(b"\r\n");
        }
        asked.extend(b"*1\r\n$4\r\nQUIT\r\n");
        connection.write_all(&asked).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        answer
    }

    /// At once, with nothing said to anybody.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts it again, with nothing in it.
    pub fn restart(&mut self) {
        assert!(self.process.is_none());
        self.run();
    }

    fn run(&mut self) {
        let port = self.port.number().to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut process = process.expect("redis-server is missing: run tests/run, which installs it");
        while TcpStream::connect(("127.0.0.1", self.port.number())).is_err() {
            assert!(process.try_wait().unwrap().is_none(), "redis-server has ended");
            std::thread::yield_now();
        }
        self.process = Some(process);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
