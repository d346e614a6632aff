//! A PostgreSQL of the bench's own: a new cluster on the stage's disk, on a socket only, as durable as PostgreSQL is by
//! default (fsync and synchronous_commit are on). It ends with its value.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    children::{Child, End, end_of, said},
    failure::Failure,
    stage::Stage,
};

pub(crate) struct Postgres {
    /// What libpq and `keyfoldd` call it.
    pub(crate) url: String,
    /// Where `psql` and `pgbench` are.
    pub(crate) programs: PathBuf,
    _cluster: Option<Cluster>,
}

/// Ends in this order: the process, its socket, its data.
struct Cluster {
    _process: Child,
    _socket: TempDir,
    _data: TempDir,
}

impl Postgres {
    /// The one that was named, or a new one.
    pub(crate) async fn start(stage: &Stage) -> Result<Self, Failure> {
        let programs = programs()?;
        if let Some(url) = &stage.postgres {
            return Ok(Self { url: url.clone(), programs, _cluster: None });
        }
        let (folder, socket) = (stage.folder("postgres.")?, socket_folder()?);
        for owned in [folder.path(), socket.path()] {
            give_away(owned)?;
        }
        let data = folder.path().join("data");
        let mut init = unprivileged(&programs.join("initdb"), folder.path());
        init.args(["--username=keyfold", "--auth=trust", "--encoding=UTF8", "--locale=C", "--pgdata"]).arg(&data);
        said("initdb", init.output().map_err(Failure::io("initdb"))?)?;
        let log = folder.path().join("log");
        let mut serve = unprivileged(&programs.join("postgres"), folder.path());
        serve.arg("-D").arg(&data).arg("-k").arg(socket.path());
        serve.args(["-c", "listen_addresses=", "-c", "max_connections=100"]);
        let file = File::create(&log).map_err(Failure::io(log.display().to_string()))?;
        serve.stdout(file.try_clone().map_err(Failure::io("PostgreSQL's log"))?).stderr(file);
        let mut process = Child::start(serve, End::Quit)?;
        let url = format!("postgres://keyfold@{}/postgres", socket.path().display().to_string().replace('/', "%2F"));
        wait(&programs, &url, &mut process, &log).await?;
        let cluster = Cluster { _process: process, _socket: socket, _data: folder };
        Ok(Self { url, programs, _cluster: Some(cluster) })
    }
}

/// The newest PostgreSQL of the machine.
fn programs() -> Result<PathBuf, Failure> {
    let missing = || Failure::missing("PostgreSQL's programs are missing", "apt-get install postgresql");
    let versions = fs::read_dir(VERSIONS).map_err(|_| missing())?;
    let found = versions.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        NEEDED.iter().all(|name| programs.join(name).is_file()).then_some((version, programs))
    });
    found.max().map(|(_, programs)| programs).ok_or_else(missing)
}

/// A short path: a socket's has at most 107 bytes.
fn socket_folder() -> Result<TempDir, Failure> {
    TempDir::with_prefix("keyfold-bench.").map_err(Failure::io("a folder for PostgreSQL's socket"))
}

/// PostgreSQL refuses to run as root, and then everything of it is nobody's.
fn give_away(folder: &Path) -> Result<(), Failure> {
    if is_root() {
        Child::output("chown", &["nobody:nogroup", &folder.display().to_string()])?;
    }
    Ok(())
}

fn unprivileged(program: &Path, folder: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir(folder);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Until it answers.
async fn wait(programs: &Path, url: &str, process: &mut Child, log: &Path) -> Result<(), Failure> {
    let psql = programs.join("psql").display().to_string();
    let deadline = Instant::now() + PATIENCE;
    while Child::output(&psql, &["--no-psqlrc", "--command=SELECT 1", url]).is_err() {
        if process.has_ended() || Instant::now() > deadline {
            let said = end_of(&fs::read_to_string(log).unwrap_or_default());
            return Err(Failure::Program { program: "postgres".to_owned(), said });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Where Debian has them.
const VERSIONS: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 4] = ["initdb", "postgres", "psql", "pgbench"];
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
