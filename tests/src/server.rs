use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::program;

/// A `keyfoldd` of this test's own, over TLS, with SQLite in a folder of its own. It ends with the test.
pub struct Server {
    data: TempDir,
    port: u16,
    options: ServerOptions,
    process: Option<Child>,
}

/// What a test changes of the defaults.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// More environment, such as `KEYFOLD_SIGN_UP=closed`.
    pub environment: Vec<(String, String)>,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    pub fn start_with(options: ServerOptions) -> Self {
        let mut server = Self { data: TempDir::new().unwrap(), port: 0, options, process: None };
        // The port is free when it is looked for; somebody may take it before the server does, so there are more tries.
        for _ in 0..5 {
            server.port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
            if server.run() {
                return server;
            }
        }
        panic!("keyfoldd does not start: {}", server.log());
    }

    /// Starts it again on the same data and port.
    pub fn restart(&mut self) {
        assert!(self.process.is_none() && self.run(), "keyfoldd does not start again: {}", self.log());
    }

    /// As a power failure would.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub fn ca(&self) -> PathBuf {
        self.data.path().join("ca.pem")
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("keyfoldd.log")).unwrap_or_default()
    }

    /// The process's resident memory in bytes, at its highest.
    pub fn peak_memory(&self) -> u64 {
        let process = self.process.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    fn run(&mut self) -> bool {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.data.path().join("keyfoldd.log")).unwrap();
        let mut process = Command::new(program("keyfoldd"))
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{}", self.port), "--public-url", &self.url()])
            .arg("--data-dir")
            .arg(self.data.path())
            .args(["--ready-file", "/dev/stdout"])
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        if ready.is_empty() {
            process.wait().unwrap();
            return false;
        }
        self.process = Some(process);
        true
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if std::thread::panicking() {
            eprintln!("--- keyfoldd's log ---\n{}", self.log());
        }
    }
}
