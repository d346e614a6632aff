use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Database, Port, Said, program};

/// A `keyfoldd` of this test's own, over TLS, with a folder and a database of its own. It ends with the test.
pub struct Server {
    data: TempDir,
    database: Database,
    log: PathBuf,
    /// Where its log lies, unless the test said where.
    _logs: TempDir,
    port: Port,
    options: ServerOptions,
    process: Option<Child>,
    ready: Value,
}

/// What a test changes of the defaults.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// More environment, such as `KEYFOLD_SIGN_UP=closed`.
    pub environment: Vec<(String, String)>,
    /// The folder in which its data folder lies, and its database, on SQLite.
    pub disk: Option<PathBuf>,
    /// The file that its log is appended to.
    pub log: Option<PathBuf>,
    /// The port that devices use, where something stands between them and the server.
    pub public_port: Option<u16>,
}

impl ServerOptions {
    /// With settings, such as `("KEYFOLD_SIGN_UP", "closed")`.
    pub fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let environment = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { environment, ..Self::default() }
    }
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(ServerOptions::default())
    }

    pub fn start_with(options: ServerOptions) -> Self {
        let data = match &options.disk {
            Some(disk) => TempDir::new_in(disk).unwrap(),
            None => TempDir::new().unwrap(),
        };
        let database = match &options.disk {
            Some(_) => Database::in_folder(data.path()),
            None => Database::new(data.path()),
        };
        Self::start_on(data, database, options)
    }

    /// Another one on the same database, with the same CA, that goes by this one's name.
    pub fn replica(&self) -> Self {
        let data = TempDir::new().unwrap();
        for name in ["ca.pem", "ca.key"] {
            fs::copy(self.data().join(name), data.path().join(name)).unwrap();
        }
        let public_port = Some(self.options.public_port.unwrap_or(self.port.number()));
        assert!(self.database.is_postgres(), "needs PostgreSQL: run tests/run e2e");
        Self::start_on(data, self.database.clone(), ServerOptions { public_port, log: None, ..self.options.clone() })
    }

    fn start_on(data: TempDir, database: Database, options: ServerOptions) -> Self {
        let logs = TempDir::new().unwrap();
        let log = options.log.clone().unwrap_or_else(|| logs.path().join("keyfoldd.log"));
        let port = Port::reserved();
        let mut server = Self { data, database, log, _logs: logs, port, options, process: None, ready: Value::Null };
        server.restart();
        server
    }

    /// Starts it, or starts it again on the same data and port.
    pub fn restart(&mut self) {
        assert!(self.process.is_none() && self.run(), "keyfoldd does not start: {}", self.log());
    }

    /// The same with other environment.
    pub fn restart_with(&mut self, options: ServerOptions) {
        self.set(options);
        self.restart();
    }

    /// Changes the environment of what runs next.
    pub fn set(&mut self, options: ServerOptions) {
        self.options.environment = options.environment;
    }

    /// As a power failure would.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// As an operator or a supervisor does; waits until it has ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.process.take().unwrap().wait().unwrap()
    }

    /// Sends SIGTERM and goes on.
    pub fn terminate(&self) {
        let process = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.options.public_port.unwrap_or(self.port.number()))
    }

    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    pub fn ca(&self) -> PathBuf {
        self.data.path().join("ca.pem")
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub const fn database(&self) -> &Database {
        &self.database
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What it wrote when it was ready.
    pub const fn ready(&self) -> &Value {
        &self.ready
    }

    /// The process's resident memory in bytes, at its highest.
    pub fn peak_memory(&self) -> u64 {
        let process = self.process.as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Runs another command of `keyfoldd` with this server's settings.
    pub fn command(&self, arguments: &[&str]) -> Said {
        Said::of(self.program(arguments).stdin(Stdio::null()).output().unwrap())
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("keyfoldd"));
        command.args(arguments).arg("--data-dir").arg(self.data.path());
        command.args(["--listen", &format!("127.0.0.1:{}", self.port.number()), "--public-url", &self.url()]);
        command.envs(self.database.setting().map(|url| ("KEYFOLD_DATABASE", url)));
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut process = self
            .program(&["serve", "--ready-file", "/dev/stdout"])
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
        self.ready = serde_json::from_str(&ready).unwrap();
        self.process = Some(process);
        true
    }
}

/// What `keyfoldd` says that must not start with this environment and these arguments, in an empty data folder unless they
/// name another.
pub fn does_not_start(options: &ServerOptions, arguments: &[&str]) -> Said {
    let data = TempDir::new().unwrap();
    // One that starts after all would never end.
    let mut command = Command::new("timeout");
    command.arg("60").arg(program("keyfoldd")).arg("serve").env("KEYFOLD_LOG__LEVEL", "error").args(arguments);
    if !arguments.contains(&"--data-dir") {
        command.arg("--data-dir").arg(data.path());
    }
    command.envs(options.environment.iter().map(|(name, value)| (name, value)));
    Said::of(command.stdin(Stdio::null()).output().unwrap())
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
