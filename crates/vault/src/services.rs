use std::sync::Arc;

use keyfold_wire::v1::{self, ServerInfo};

use crate::{
    Bus, Clock, HeadBoard, HeadCache, Informing, Invites, Limits, ReceiptSigner, Recovery, SignUp,
    accounts::Accounts,
    chains::Chains,
    enrolments::{EnrolmentGate, Enrolments},
    pull::Pulls,
    rosters::Rosters,
    sessions::{SessionKeys, Sessions},
    storage::{Storage, StorageError, Swept},
};

/// What an operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The URL that requests are signed for, without a trailing slash.
    pub public_url: String,
    /// Who may create an account.
    pub sign_up: SignUp,
    /// What an account may take.
    pub limits: Limits,
}

/// The vault half, wired.
pub struct Services {
    /// Creates and deletes accounts.
    pub accounts: Accounts,
    /// Opens sessions and verifies requests.
    pub sessions: Sessions,
    /// Tells where an account stands.
    pub heads: Arc<HeadBoard>,
    /// Appends roster entries and commits.
    pub chains: Chains,
    /// Streams what a device has not seen.
    pub pulls: Pulls,
    /// Leads enrolments.
    pub enrolments: Enrolments,
    /// Makes invites.
    pub invites: Invites,
    /// Finds an account by its recovery code.
    pub recovery: Recovery,
    /// Tells the informed half of rosters.
    pub informing: Informing,
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    receipts: Arc<ReceiptSigner>,
    session_keys: Arc<SessionKeys>,
    settings: Settings,
}

impl Services {
    /// Reads the server's keys, or makes them at the first start, and wires the services; `cache` is what replicas share.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn start(
        storage: Arc<dyn Storage>,
        bus: Arc<dyn Bus>,
        cache: Option<Arc<dyn HeadCache>>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<Self, StorageError> {
        let receipts = Arc::new(ReceiptSigner::load(&storage, &clock).await?);
        let session_keys = Arc::new(SessionKeys::load(Arc::clone(&storage), Arc::clone(&clock)).await?);
        let rosters = Arc::new(Rosters::new(Arc::clone(&storage)));
        let heads = Arc::new(HeadBoard::new(
            Arc::clone(&rosters),
            Arc::clone(&receipts),
            Arc::clone(&clock),
            Arc::clone(&bus),
            cache,
        ));
        Ok(Self {
            accounts: Accounts::new(
                Arc::clone(&storage),
                Arc::clone(&rosters),
                Arc::clone(&heads),
                Arc::clone(&receipts),
                Arc::clone(&clock),
                settings.sign_up,
            ),
            sessions: Sessions::new(
                Arc::clone(&storage),
                Arc::clone(&rosters),
                Arc::clone(&clock),
                Arc::clone(&session_keys),
                settings.public_url.clone(),
            ),
            chains: Chains::new(
                Arc::clone(&storage),
                Arc::clone(&rosters),
                Arc::clone(&heads),
                Arc::clone(&receipts),
                Arc::clone(&clock),
                EnrolmentGate::new(Arc::clone(&storage), Arc::clone(&clock)),
                settings.limits,
            ),
            pulls: Pulls::new(Arc::clone(&storage), Arc::clone(&rosters), Arc::clone(&heads)),
            informing: Informing::new(Arc::clone(&storage), Arc::clone(&rosters)),
            enrolments: Enrolments::new(
                Arc::clone(&storage),
                rosters,
                Arc::clone(&heads),
                Arc::clone(&receipts),
                Arc::clone(&clock),
                bus,
            ),
            invites: Invites::new(Arc::clone(&storage), Arc::clone(&clock)),
            recovery: Recovery::new(Arc::clone(&storage)),
            heads,
            storage,
            clock,
            receipts,
            session_keys,
            settings,
        })
    }

    /// What a device reads first.
    #[must_use]
    pub fn info(&self) -> ServerInfo {
        let sign_up = match self.settings.sign_up {
            SignUp::Open => v1::SignUp::Open,
            SignUp::Invite => v1::SignUp::Invite,
            SignUp::Closed => v1::SignUp::Closed,
        };
        ServerInfo {
            protocol: PROTOCOL,
            public_url: self.settings.public_url.clone(),
            log_key: self.receipts.log_key().as_bytes().to_vec(),
            sign_up: sign_up.into(),
            time: self.clock.now(),
        }
    }

    /// The time that the services go by.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Does what time makes due: rotates session keys, removes what has expired. To be called every few minutes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn upkeep(&self) -> Result<Swept, StorageError> {
        self.session_keys.rotate().await?;
        self.storage.sweep(self.clock.now()).await
    }

    /// Answers if the database answers.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn ready(&self) -> Result<(), StorageError> {
        self.storage.ping().await
    }
}

const PROTOCOL: u32 = 1;
