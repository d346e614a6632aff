use keyfold_store::Database;
use keyfold_vault::storage::Storage;
use tempfile::TempDir;

/// The databases that the story is told on.
const DATABASES: [fn() -> Place; 1] = [Place::sqlite_file];

/// Where an empty database is, for one story.
pub(crate) struct Place {
    /// `sqlite:PATH`, …
    pub(crate) uri: String,
    _folder: TempDir,
}

impl Place {
    fn sqlite_file() -> Self {
        let folder = TempDir::new().unwrap();
        Self { uri: format!("sqlite:{}", folder.path().join("keyfold.db").display()), _folder: folder }
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

    /// A connection beside those of the program, for what no trait tells.
    pub(crate) async fn look_inside(&self) -> sea_orm::DatabaseConnection {
        sea_orm::Database::connect(&self.uri).await.unwrap()
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
    for database in DATABASES {
        story(&database()).await;
    }
}
