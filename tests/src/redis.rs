use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

/// A Redis of this test's own. It ends with the test.
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Redis {
    pub fn start() -> Self {
        let mut redis = Self { folder: TempDir::new().unwrap(), port: 0, process: None };
        // The port is free when it is looked for; somebody may take it before Redis does, so there are more tries.
        for _ in 0..5 {
            redis.port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            if redis.run() {
                return redis;
            }
        }
        panic!("redis-server does not start");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Its answer to a command, as it comes over the wire.
    pub fn says(&self, command: &[&[u8]]) -> Vec<u8> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
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
        assert!(self.process.is_none() && self.run(), "redis-server does not start again");
    }

    fn run(&mut self) -> bool {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut process = process.expect("redis-server is missing: run tests/run, which installs it");
        while !self.is_answered_by(process.id()) {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::yield_now();
        }
        self.process = Some(process);
        true
    }

    /// Whether this process answers on the port, and not another test's.
    fn is_answered_by(&self, process: u32) -> bool {
        let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = String::new();
        let ask = b"INFO server\r\nQUIT\r\n";
        let asked = connection.write_all(ask).and_then(|()| connection.read_to_string(&mut answer));
        asked.is_ok() && answer.lines().any(|line| line == format!("process_id:{process}"))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
