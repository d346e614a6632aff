//! A whole server in this process: database, services, listeners, and the work that time makes due.

mod assurance;
mod connection;
mod files;
mod listeners;
mod news;
mod ready;
mod upkeep;

pub(crate) use connection::Cut;
pub use ready::{Ready, ReadyError};

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::dev::ServerHandle;
use keyfold_store::{ConnectError, Database, DatabaseUrl, InProcessBus, MigrationError, RedisBus, RedisHeads};
use keyfold_vault::{
    Bus, Clock, HeadCache, Services, SystemClock,
    storage::{Storage, StorageError},
};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    config::{PublicUrl, Settings, SettingsError},
    domains::DomainFilesError,
    http::{BodyBudget, Heartbeat, Seats, State},
    meters::Meters,
    rates::Rates,
    tls::{CertificateError, Certificates},
};
use listeners::Sockets;

/// A server that is running.
pub struct Running {
    ready: Ready,
    stopping: watch::Sender<bool>,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    news: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    database: Database,
}

/// Why a server does not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings that do not go together.
    #[error("configuration: {0}")]
    Settings(#[from] SettingsError),
    /// The data directory cannot be made.
    #[error("data directory {path}: {error}")]
    DataDirectory {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The database's file cannot be made, or not be kept from others.
    #[error("database {path}: {error}")]
    DatabaseFile {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// No connection to the database.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The schema is not this program's.
    #[error(transparent)]
    Migrate(#[from] MigrationError),
    /// The server's keys cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Domains cannot be asked.
    #[error(transparent)]
    Domains(#[from] DomainFilesError),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The server failed while it ran.
    #[error("the server failed: {0}")]
    Failed(String),
}

/// Makes the data directory and an empty SQLite file, where there is none, and keeps others from reading them; where the
/// database is.
///
/// # Errors
/// [`ServeError`].
pub fn prepare_files(settings: &Settings) -> Result<DatabaseUrl, ServeError> {
    files::data_directory(&settings.data_dir)
        .map_err(|error| ServeError::DataDirectory { path: settings.data_dir.display().to_string(), error })?;
    let url = settings.database()?;
    if let Some(file) = url.sqlite_file() {
        files::private_database(file)
            .map_err(|error| ServeError::DatabaseFile { path: file.display().to_string(), error })?;
    }
    Ok(url)
}

/// Opens the database as it is; makes it, and the data directory, where there is none.
///
/// # Errors
/// [`ServeError`].
pub async fn connect_database(settings: &Settings) -> Result<Database, ServeError> {
    Ok(Database::connect(&prepare_files(settings)?).await?)
}

/// Opens the database and brings its schema up to date.
///
/// # Errors
/// [`ServeError`].
pub async fn open_database(settings: &Settings) -> Result<Database, ServeError> {
    let database = connect_database(settings).await?;
    for name in database.migrate().await? {
        tracing::info!(name, "migrated");
    }
    Ok(database)
}

/// The informed half over the database, for commands: no request is served.
///
/// # Errors
/// [`ServeError`].
pub async fn office(settings: &Settings) -> Result<(keyfold_assurance::Services, Database), ServeError> {
    settings.check()?;
    let public_url = settings.public_url(settings.listen)?;
    let database = open_database(settings).await?;
    let (bus, clock) = (Arc::new(InProcessBus::default()), Arc::new(SystemClock));
    let vault = services(&database, bus, None, Arc::<SystemClock>::clone(&clock), settings, public_url.clone()).await?;
    let assurance = assurance::services(&database, Arc::new(vault), clock, settings, public_url)?;
    Ok((assurance, database))
}

/// Starts a server. It serves when this returns.
///
/// # Errors
/// [`ServeError`]; nothing goes on running.
pub async fn start(settings: Settings) -> Result<Running, ServeError> {
    start_by(Arc::new(SystemClock), settings).await
}

/// Starts a server whose services go by `clock`, so that a test can let months pass.
///
/// # Errors
/// [`ServeError`]; nothing goes on running.
pub async fn start_by(clock: Arc<dyn Clock>, settings: Settings) -> Result<Running, ServeError> {
    settings.check()?;
    let sockets = Sockets::bind(&settings)?;
    let public_url = settings.public_url(sockets.listen)?;
    let database = open_database(&settings).await?;
    let certificates = Arc::new(certificates(&settings, &public_url)?);
    let bus = bus(&settings)?;
    let (heads, rates) = settings.redis()?.map(|url| keyfold_store::shared(&url)).unzip();
    let services =
        services(&database, Arc::clone(&bus), heads, Arc::clone(&clock), &settings, public_url.clone()).await?;
    let services = Arc::new(services);
    let assurance = assurance::services(&database, Arc::clone(&services), clock, &settings, public_url.clone())?;
    let (stopping, stopped) = watch::channel(false);
    let state = State {
        services,
        assurance: Arc::new(assurance),
        rates: Rates::new(&settings.rates, rates),
        bodies: BodyBudget::new(&settings.http),
        seats: Seats::new(&settings.http),
        trust_forwarded_for: settings.trust_forwarded_for,
        meters: Meters::new().map_err(ServeError::Failed)?,
        heartbeat: Heartbeat::default(),
        database: database.clone(),
        bus,
        connections: Arc::default(),
        workshop: Handle::current(),
        stopping: stopped.clone(),
    };
    let state = actix_web::web::Data::new(state);
    let ready = Ready::new(&sockets, public_url, &certificates);
    let news = tokio::spawn(news::run(state.clone().into_inner(), stopped.clone()));
    let upkeep = tokio::spawn(upkeep::run(state.clone().into_inner(), Arc::clone(&certificates), stopped));
    let server = sockets.serve(&settings.http, certificates, state)?;
    let handle = server.handle();
    let server = tokio::spawn(server);
    Ok(Running { ready, stopping, handle, server, news, upkeep, database })
}

impl Running {
    /// Where it serves.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Returns when the server ends by itself, which it does only if it fails.
    ///
    /// # Errors
    /// [`ServeError::Failed`].
    pub async fn failed(&mut self) -> Result<(), ServeError> {
        outcome((&mut self.server).await)
    }

    /// Takes no more connections, ends streams, finishes requests under way, closes the database.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn stop(self) -> Result<(), ServeError> {
        // Nobody listens any more if the server has failed already.
        let _ = self.stopping.send(true);
        self.handle.stop(true).await;
        let ended = outcome(self.server.await);
        // They end at the same sign; if one has failed, there is nothing left for it to do.
        let _ = self.news.await;
        let _ = self.upkeep.await;
        self.database.close().await?;
        ended
    }
}

fn outcome(ended: Result<io::Result<()>, tokio::task::JoinError>) -> Result<(), ServeError> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(ServeError::Failed(error.to_string())),
        Err(error) => Err(ServeError::Failed(error.to_string())),
    }
}

async fn services(
    database: &Database,
    bus: Arc<dyn Bus>,
    heads: Option<RedisHeads>,
    clock: Arc<dyn Clock>,
    settings: &Settings,
    public_url: String,
) -> Result<Services, ServeError> {
    let storage: Arc<dyn Storage> = Arc::new(database.clone());
    let decided = keyfold_vault::Settings { public_url, sign_up: settings.sign_up(), limits: settings.limits() };
    let cache = heads.map(|heads| Arc::new(heads) as Arc<dyn HeadCache>);
    Ok(Services::start(storage, bus, cache, clock, decided).await?)
}

fn bus(settings: &Settings) -> Result<Arc<dyn Bus>, ServeError> {
    Ok(match settings.redis()? {
        Some(url) => Arc::new(RedisBus::start(&url, speaker()?)),
        None => Arc::new(InProcessBus::default()),
    })
}

/// Tells this process from all others on the same Redis.
fn speaker() -> Result<[u8; 8], ServeError> {
    let drawn = ring::rand::generate(&ring::rand::SystemRandom::new());
    Ok(drawn.map_err(|_| ServeError::Failed("the system gives no random bytes".into()))?.expose())
}

fn certificates(settings: &Settings, public_url: &str) -> Result<Certificates, ServeError> {
    if let (Some(certificate), Some(key)) = (&settings.tls.certificate, &settings.tls.key) {
        return Ok(Certificates::files(certificate.clone(), key.clone())?);
    }
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    names.extend(PublicUrl::parse(public_url).map(|url| url.host.to_owned()));
    if !settings.listen.ip().is_unspecified() {
        names.push(settings.listen.ip().to_string());
    }
    names.extend(settings.tls.names.iter().cloned());
    names.sort();
    names.dedup();
    Ok(Certificates::local(&settings.data_dir, names)?)
}

/// Between two rounds of upkeep.
const UPKEEP: Duration = Duration::from_secs(60);
