use std::{
    env,
    path::Path,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AnyConnection, Connection};

/// A database of a test's own: SQLite in the server's data folder, or one in the PostgreSQL that `KEYFOLD_POSTGRES` names.
#[derive(Debug, Clone)]
pub struct Database {
    /// For `keyfoldd`, where it is not in the data folder.
    postgres: Option<String>,
    /// For a look inside.
    url: String,
}

impl Database {
    /// One that several servers share.
    pub(crate) fn at(url: &str) -> Self {
        Self { postgres: Some(url.to_owned()), url: url.to_owned() }
    }

    pub(crate) fn in_folder(data: &Path) -> Self {
        Self { postgres: None, url: format!("sqlite:{}", data.join("keyfold.db").display()) }
    }

    /// A new one in the tests' PostgreSQL if there is one, else in this folder.
    pub fn new(data: &Path) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let Ok(cluster) = env::var("KEYFOLD_POSTGRES") else { return Self::in_folder(data) };
        let name = format!("e2e_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name}");
        let made =
            Command::new("psql").args(["--quiet", "--command", &create, &format!("{cluster}/postgres")]).status();
        assert!(made.unwrap().success(), "{name} is not made");
        let url = format!("{cluster}/{name}");
        Self { postgres: Some(url.clone()), url }
    }

    /// What `keyfoldd` is told, unless that is its default.
    pub fn setting(&self) -> Option<&str> {
        self.postgres.as_deref()
    }

    pub const fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    /// A connection beside the server's.
    pub async fn look_inside(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url).await.unwrap()
    }

    /// Changes something behind the server's back.
    pub async fn run(&self, statement: &'static str) {
        let mut connection = self.look_inside().await;
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
