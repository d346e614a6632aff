use std::time::Duration;

use super::{SyncEngine, SyncError, SyncReport, engine::jitter};
use crate::{
    api::ApiError,
    storage::StorageError,
    transport::TransportError,
    vault::{Locked, VaultError},
};

/// What a watch tells.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// A sync came to its end.
    Synced(SyncReport),
    /// The server is out of reach; the watch tries again.
    Offline(String),
}

impl SyncEngine {
    /// Syncs, and again whenever the server hints that a head moved, or edits wait here. Reconnects by itself.
    ///
    /// # Errors
    /// [`SyncError`] that time does not heal: it never returns otherwise.
    pub async fn watch(&self, mut tell: impl FnMut(WatchEvent)) -> Result<std::convert::Infallible, SyncError> {
        let mut failures = 0_u32;
        loop {
            match self.watch_once(&mut tell, &mut failures).await {
                Err(error) if is_transient(&error) => {
                    tell(WatchEvent::Offline(error.to_string()));
                    tokio::time::sleep(pause(failures)).await;
                    failures = failures.saturating_add(1);
                }
                Err(error) => return Err(error),
                // The server closed the stream: connect again.
                Ok(()) => tokio::time::sleep(pause(0)).await,
            }
        }
    }

    /// Hints first, so that none is missed between the sync and the stream.
    async fn watch_once(&self, tell: &mut impl FnMut(WatchEvent), failures: &mut u32) -> Result<(), SyncError> {
        self.may_go_on().await?;
        let mut hints = match self.api.hints().await {
            Ok(hints) => hints,
            Err(error) => {
                let step = self.storage().step().await?;
                return Err(self.refused_by(&step, error).await);
            }
        };
        tell(WatchEvent::Synced(self.sync().await?));
        *failures = 0;
        loop {
            let heard = tokio::time::timeout(LOOK, hints.next()).await;
            self.may_go_on().await?;
            match heard {
                Ok(Ok(Some(_))) => {
                    tell(WatchEvent::Synced(self.sync().await?));
                    // However many hints come meanwhile, they are one.
                    tokio::time::sleep(REST).await;
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error.into()),
                // Nothing was heard: another process of this profile may have left an edit, or one has become due.
                Err(_) if self.has_due_edits().await? || self.has_due_tenants().await? => {
                    tell(WatchEvent::Synced(self.sync().await?));
                }
                Err(_) => {}
            }
        }
    }

    /// The keys are open here: not in a profile that another process has locked or wiped.
    async fn may_go_on(&self) -> Result<(), SyncError> {
        self.check_condition().await?;
        match self.vault.local().locked().await? {
            Some(locked @ Locked::OnRequest) => Err(VaultError::Locked(locked).into()),
            Some(Locked::Idle) | None => Ok(()),
        }
    }
}

fn is_transient(error: &SyncError) -> bool {
    use keyfold_wire::v1::ProblemCode;
    match error {
        SyncError::Api(ApiError::Transport(error)) => !matches!(error, TransportError::Untrusted(_)),
        SyncError::Api(error @ ApiError::Refused(_)) => matches!(
            error.code(),
            Some(ProblemCode::Unavailable | ProblemCode::RateLimited | ProblemCode::Internal | ProblemCode::Replayed)
        ),
        SyncError::Api(ApiError::BadAnswer(_)) | SyncError::Busy | SyncError::Behind(_) | SyncError::AwaitsOffers => {
            true
        }
        SyncError::Vault(VaultError::Storage(error)) => matches!(error, StorageError::Busy),
        _ => false,
    }
}

/// Doubles from half a second to a minute, with a random part.
fn pause(failures: u32) -> Duration {
    let base = Duration::from_millis(500) * 2_u32.saturating_pow(failures.min(7));
    base.min(Duration::from_secs(60)) + jitter(4)
}

/// Between two syncs that hints ask for.
const REST: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_secs(30);
