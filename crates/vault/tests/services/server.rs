use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use keyfold_store::{Database, DatabaseUrl, InProcessBus};
use keyfold_vault::{Bus, Clock, Limits, Services, Settings, SignUp, storage::Storage};
use tempfile::TempDir;

use crate::interrupted::Interrupted;

pub(crate) const NOW: u64 = 1_800_000_000_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const DAY: u64 = 24 * 60 * MINUTE;

/// The services over a database of this test's own.
pub(crate) struct Server {
    pub(crate) services: Services,
    pub(crate) database: Database,
    pub(crate) clock: Arc<SetClock>,
    folder: Arc<TempDir>,
}

/// What an operator decides by default: everyone may come, and have as much as the protocol allows.
pub(crate) fn settings() -> Settings {
    Settings { public_url: "https://localhost:8443".into(), sign_up: SignUp::Open, limits: Limits::default() }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(settings()).await
    }

    pub(crate) async fn limited(limits: Limits) -> Self {
        Self::start_with(Settings { limits, ..settings() }).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let database = Database::connect(&DatabaseUrl::file(&folder.path().join("keyfold.db"))).await.unwrap();
        database.migrate().await.unwrap();
        let clock = Arc::new(SetClock(AtomicU64::new(NOW)));
        Self::over(Arc::new(database.clone()), database, folder, clock, settings).await
    }

    /// Another server over the same data, at the same time.
    pub(crate) async fn beside(&self, settings: Settings) -> Self {
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        Self::over(Arc::new(self.database.clone()), self.database.clone(), folder, clock, settings).await
    }

    pub(crate) async fn beside_limited(&self, limits: Limits) -> Self {
        self.beside(Settings { limits, ..settings() }).await
    }

    /// Another server over the same data, whose calls of the database can be held up.
    pub(crate) async fn beside_interrupted(&self) -> (Arc<Interrupted>, Self) {
        let storage = Arc::new(Interrupted::new(self.database.clone()));
        let over: Arc<dyn Storage> = Arc::clone(&storage) as Arc<dyn Storage>;
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        (storage, Self::over(over, self.database.clone(), folder, clock, settings()).await)
    }

    async fn over(
        storage: Arc<dyn Storage>,
        database: Database,
        folder: Arc<TempDir>,
        clock: Arc<SetClock>,
        settings: Settings,
    ) -> Self {
        let told: Arc<dyn Bus> = Arc::new(InProcessBus::default());
        let time: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let services = Services::start(storage, told, None, time, settings).await.unwrap();
        Self { services, database, clock, folder }
    }
}

/// Stands still until it is set.
#[derive(Debug)]
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn advance(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
