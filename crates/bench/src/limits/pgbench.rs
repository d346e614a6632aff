//! pgbench with one insert of a row, prepared once: what PostgreSQL itself makes durable.

use std::{fs, time::Duration};

use tempfile::TempDir;

use crate::{children::Child, failure::Failure, limits::postgres::Postgres, stage::Stage};

pub(crate) struct Pgbench<'a> {
    postgres: &'a Postgres,
    folder: TempDir,
    clients: usize,
}

impl<'a> Pgbench<'a> {
    /// So many clients insert rows of so many bytes.
    pub(crate) fn new(stage: &Stage, postgres: &'a Postgres, clients: usize, bytes: usize) -> Result<Self, Failure> {
        let folder = stage.folder("pgbench.")?;
        let this = Self { postgres, folder, clients };
        let insert = format!("INSERT INTO keyfold_bench_rows (body) VALUES (decode(repeat('a7', {bytes}), 'hex'));\n");
        fs::write(this.script(), insert).map_err(Failure::io("pgbench's script"))?;
        let table = "--command=DROP TABLE IF EXISTS keyfold_bench_rows; \
                     CREATE TABLE keyfold_bench_rows (id bigserial PRIMARY KEY, body bytea NOT NULL)";
        Child::output(&this.program("psql"), &["--no-psqlrc", "--quiet", table, &postgres.url])?;
        Ok(this)
    }

    /// Inserts a second. pgbench counts in whole seconds.
    pub(crate) async fn rate(&self, time: Duration) -> Result<f64, Failure> {
        let (program, script) = (self.program("pgbench"), format!("--file={}", self.script()));
        let (clients, time) = (format!("--client={}", self.clients), format!("--time={}", time.as_secs().max(1)));
        let url = self.postgres.url.clone();
        let run = move || {
            let arguments = ["--no-vacuum", "--protocol=prepared", "--jobs=2", &script, &clients, &time, &url];
            Child::output(&program, &arguments)
        };
        let said = tokio::task::spawn_blocking(run).await.map_err(Failure::client("pgbench"))??;
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.ok_or(Failure::Program { program: "pgbench".to_owned(), said })
    }

    fn script(&self) -> String {
        self.folder.path().join("insert.sql").display().to_string()
    }

    fn program(&self, name: &str) -> String {
        self.postgres.programs.join(name).display().to_string()
    }
}

impl Drop for Pgbench<'_> {
    fn drop(&mut self) {
        // A database that somebody named keeps no rows of ours; one of our own goes anyway.
        let drop = "--command=DROP TABLE IF EXISTS keyfold_bench_rows";
        let _ = Child::output(&self.program("psql"), &["--no-psqlrc", "--quiet", drop, &self.postgres.url]);
    }
}
