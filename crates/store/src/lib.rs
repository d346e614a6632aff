//! The storage and bus traits of both halves, on SQLite and PostgreSQL, within one process and over Redis.
//!
//! Invariants: an operation is one transaction, durable before it returns; a write is conditional on the heads that it
//! was checked against; accounts that share a transaction stand or fall each alone; entities and SQL never leave this crate.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use keyfold_store::{Database, DatabaseUrl};
//! use keyfold_vault::storage::Upkeep;
//! let url: DatabaseUrl = "sqlite:/var/lib/keyfold/keyfold.db".parse()?;
//! let database = Database::connect(&url).await?;
//! database.migrate().await?;
//! database.ping().await?;
//! # Ok(())
//! # }
//! ```

mod assurance;
mod backup;
mod bus;
mod connect;
mod database_use;
mod entity;
mod error;
mod presence;
mod shared;
mod transaction;
mod url;
mod value;
mod vault;

pub use backup::{Attachment, BackupError, Contents, Existing, Progress, RestoreError, Restored, restore};
pub use bus::{InProcessBus, NotARedisUrl, RedisBus, RedisUrl};
pub use connect::Database;
pub use database_use::DatabaseUse;
pub use error::ConnectError;
pub use keyfold_migrations::MigrationError;
pub use shared::{RedisHeads, RedisRates, SharedQuota, shared};
pub use url::{DatabaseUrl, UnknownDatabase};
