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
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut redis = Self { folder: TempDir::new().unwrap(), port, process: None };
        redis.run();
        redis
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// As a power failure would.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts it again, with nothing in it.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.run();
    }

    fn run(&mut self) {
        let port = self.port.to_string();
        let process = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut process = process.expect("redis-server is missing: run tests/run, which installs it");
        while !self.answers() {
            assert_eq!(process.try_wait().unwrap(), None, "redis-server ended");
            std::thread::yield_now();
        }
        self.process = Some(process);
    }

    fn answers(&self) -> bool {
        let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0; 5];
        connection.write_all(b"PING\r\n").and_then(|()| connection.read_exact(&mut answer)).is_ok()
            && answer == *b"+PONG"
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}
