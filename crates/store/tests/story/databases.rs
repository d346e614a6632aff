use std::{
    env,
    sync::atomic::{AtomicU32, Ordering},
};

use keyfold_store::Database;
use keyfold_vault::storage::Storage;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;

/// Where an empty database is, for one story.
pub(crate) struct Place {
    /// `sqlite:PATH` or `postgres://…`.
    pub(crate) uri: String,
    _folder: Option<TempDir>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self { uri: format!("sqlite:{}", folder.path().join("keyfold.db").display()), _folder: Some(folder) }
    }

    /// A database of its own in a cluster that is the tests' own.
    async fn postgres(cluster: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("story_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let maintenance = sea_orm::Database::connect(format!("{cluster}/postgres")).await.unwrap();
        maintenance.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        maintenance.close().await.unwrap();
        Self { uri: format!("{cluster}/{name}"), _folder: None }
    }

    /// Opens the database and brings its schema up to date, as every start of the server does.
    pub(crate) async fn open(&self) -> Database {
        let database = self.connect().await;
        database.migrate().await.unwrap();
        database
    }

    pub(crate) async fn connect(&self) -> Database {
        Database::connect(&self.uri.parse().unwrap()).await.unwrap()
    }

    /// One connection beside those of the program, for what no trait tells.
    pub(crate) async fn look_inside(&self) -> sea_orm::DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(&self.uri);
        options.max_connections(1);
        sea_orm::Database::connect(options).await.unwrap()
    }

    /// Bytes as this database's SQL writes them.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.uri.starts_with("sqlite") { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
    }
}

/// Tells a story on each database, with an open and empty one.
pub(crate) async fn on_each_database(story: impl AsyncFn(&dyn Storage)) {
    on_each_place(async |place| {
        let database = place.open().await;
        story(&database).await;
        database.close().await.unwrap();
    })
    .await;
}

/// Tells a story that opens its database itself.
pub(crate) async fn on_each_place(story: impl AsyncFn(&Place)) {
    story(&Place::sqlite()).await;
    on_postgresql(story).await;
}

/// Tells a story of PostgreSQL alone.
pub(crate) async fn on_postgresql(story: impl AsyncFn(&Place)) {
    // `postgres://USER@HOST:PORT`, which `tests/run` sets.
    match env::var("KEYFOLD_POSTGRES") {
        Ok(cluster) => story(&Place::postgres(&cluster).await).await,
        Err(_) => assert!(env::var_os("CI").is_none(), "CI must have PostgreSQL: run tests/run store"),
    }
}
