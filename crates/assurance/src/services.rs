use std::sync::Arc;

use crate::{
    Clock,
    answers::Answers,
    authority::{Authorities, AuthorityUnavailable},
    devices::Devices,
    leaves::Leaves,
    members::{Members, Rosters},
    relying_parties::{DomainFiles, RelyingParties},
    reports::Reports,
    statements::Statements,
    statuses::Statuses,
    storage::{Storage, StorageError},
    tenants::Tenants,
    verdicts::Verdicts,
};

/// What the services need of others.
pub struct Ports {
    /// Where all is kept.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the other half of the server knows of accounts.
    pub rosters: Arc<dyn Rosters>,
    /// What domains say of themselves.
    pub files: Arc<dyn DomainFiles>,
    /// The server's public URL, without a trailing slash.
    pub public_url: String,
}

/// The informed half, wired.
pub struct Services {
    /// Makes tenants.
    pub tenants: Tenants,
    /// Who signs for them.
    pub authorities: Arc<Authorities>,
    /// Who may ask.
    pub relying_parties: Arc<RelyingParties>,
    /// Who is in them.
    pub members: Arc<Members>,
    /// How devices are kept.
    pub devices: Arc<Devices>,
    /// Leaves for evidence keys.
    pub leaves: Leaves,
    /// What devices state of passkeys.
    pub statements: Statements,
    /// Whether leaves and reports hold.
    pub statuses: Arc<Statuses>,
    /// Reports for relying parties.
    pub reports: Arc<Reports>,
    /// Judgements of ceremonies.
    pub verdicts: Verdicts,
    /// What was answered before.
    pub answers: Answers,
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
}

/// Why upkeep was not done.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// Keys could not be rotated.
    #[error(transparent)]
    Authority(#[from] AuthorityUnavailable),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Services {
    /// Wires them.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        let Ports { storage, clock, rosters, files, public_url } = ports;
        let both = || (Arc::clone(&storage), Arc::clone(&clock));
        let ((s, c), url) = (both(), public_url.clone());
        let tenants = Tenants::new(s, c, url);
        let ((s, c), url) = (both(), public_url.clone());
        let authorities = Arc::new(Authorities::new(s, c, url));
        let (s, c) = both();
        let relying_parties = Arc::new(RelyingParties::new(s, c, files, public_url.clone()));
        let (s, c) = both();
        let members = Arc::new(Members::new(s, c, rosters));
        let (s, c) = both();
        let devices = Arc::new(Devices::new(s, c));
        let (s, c) = both();
        let statuses = Arc::new(Statuses::new(s, c, Arc::clone(&authorities), public_url));
        let (s, c) = both();
        let leaves = Leaves::new(s, c, Arc::clone(&authorities), Arc::clone(&devices), Arc::clone(&statuses));
        let (s, c) = both();
        let statements = Statements::new(s, c);
        let (s, c) = both();
        let reports = Arc::new(Reports::new(
            s,
            c,
            Arc::clone(&authorities),
            Arc::clone(&relying_parties),
            Arc::clone(&members),
            Arc::clone(&statuses),
        ));
        let (s, c) = both();
        let verdicts = Verdicts::new(
            s,
            c,
            Arc::clone(&authorities),
            Arc::clone(&relying_parties),
            Arc::clone(&reports),
            Arc::clone(&statuses),
        );
        let (s, c) = both();
        let answers = Answers::new(s, c);
        Self {
            tenants,
            authorities,
            relying_parties,
            members,
            devices,
            leaves,
            statements,
            statuses,
            reports,
            verdicts,
            answers,
            storage,
            clock,
        }
    }

    /// The time that the services go by.
    #[must_use]
    pub fn now(&self) -> keyfold_evidence::UnixMillis {
        self.clock.now()
    }

    /// Does what time makes due: rotates token keys, judges devices whose judgement has expired, looks at proved domains again, forgets
    /// what has expired. To be called every minute.
    ///
    /// # Errors
    /// [`UpkeepError`].
    pub async fn upkeep(&self) -> Result<(), UpkeepError> {
        let now = self.clock.now().0;
        self.storage.forget_statuses(now).await?;
        self.storage.forget_spent(now).await?;
        self.authorities.rotate_due().await?;
        self.relying_parties.prove_again().await?;
        Ok(())
    }
}
