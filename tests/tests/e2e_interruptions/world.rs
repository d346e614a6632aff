//! The SDK's two sides of an enrolment, against a server of the test's own.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use keyfold_client::{
    SigningAlgorithm, SystemClock,
    api::Api,
    device::Passphrase,
    enrolment::{
        Approval, Candidate, Checked, Claim, EnrolmentError, EnrolmentPath, NewDevice, Offered, Resumed, resume,
    },
    storage::{SqliteStorage, Storage},
    sync::{NewAccount, SyncEngine, create_account},
    transport::{Answer, HttpsTransport, Request, ServerUrl, Transport, TransportError, Trust},
    vault::{LocalVault, UnlockedVault, VaultError},
};
use keyfold_tests::Server;
use tempfile::TempDir;

/// A profile on a disk of its own, and a way to the server that a test can cut.
pub(crate) struct Disk {
    folder: TempDir,
    pub(crate) wire: Arc<Wire>,
    url: ServerUrl,
    ca: Vec<u8>,
}

impl Disk {
    pub(crate) fn new(server: &Server) -> Self {
        let (url, ca): (ServerUrl, _) = (server.url().parse().unwrap(), std::fs::read(server.ca()).unwrap());
        let https = HttpsTransport::new(url.clone(), &Trust::pinned(&ca).unwrap()).unwrap();
        let wire = Arc::new(Wire { https, losses: Mutex::default() });
        Self { folder: TempDir::new().unwrap(), wire, url, ca }
    }

    /// As a process finds it that has just been started.
    pub(crate) async fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(SqliteStorage::open(self.folder.path()).await.unwrap())
    }

    pub(crate) fn api(&self) -> Api {
        self.api_of(self.url.clone())
    }

    pub(crate) fn api_of(&self, url: ServerUrl) -> Api {
        Api::new(url, Arc::clone(&self.wire) as _, Arc::new(SystemClock))
    }

    /// The first device of a new account.
    pub(crate) async fn founds(&self) -> SyncEngine {
        let new = NewAccount {
            name: "Ana's laptop".parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            invite: String::new(),
            ca: Some(self.ca.clone()),
        };
        self.engine(create_account(self.storage().await, &self.api(), new).await.unwrap())
    }

    pub(crate) fn engine(&self, vault: UnlockedVault) -> SyncEngine {
        SyncEngine::new(vault, self.api())
    }

    /// Asks to be let in; the QR code and the short code are there to be used.
    pub(crate) async fn offers(&self) -> Result<Offered, EnrolmentError> {
        let new = NewDevice {
            name: "Ana's phone".parse().unwrap(),
            algorithm: SigningAlgorithm::Es256,
            passphrase: passphrase(),
            ca: Some(self.ca.clone()),
        };
        let path = EnrolmentPath::QrCode { ca_fingerprint: None };
        new.begin(self.storage().await, self.api(), path).await
    }

    /// The program is started again after a crash.
    pub(crate) async fn resumes(&self) -> Result<Resumed, EnrolmentError> {
        resume(self.storage().await, self.api(), &passphrase()).await
    }

    /// What every other command of the program says.
    pub(crate) async fn opens(&self) -> Result<LocalVault, VaultError> {
        LocalVault::open(self.storage().await, Arc::new(SystemClock)).await
    }

    /// Whether the profile is as empty as a new one.
    pub(crate) async fn is_empty(&self) -> bool {
        let storage = self.storage().await;
        storage.profile().await.unwrap().is_none() && storage.enrolment().await.unwrap().is_none()
    }
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::typed("correct horse battery staple".to_owned().into())
}

/// How many devices an account has, as this one sees it now.
pub(crate) async fn devices(engine: &SyncEngine) -> usize {
    engine.sync().await.unwrap();
    engine.vault().local().status().await.unwrap().devices.len()
}

pub(crate) async fn claimed_by_code<'e>(approver: &'e SyncEngine, offered: &Offered) -> Approval<'e> {
    Approval::claim(approver, Claim::ShortCode(offered.short_code().to_owned())).await.unwrap()
}

pub(crate) async fn claimed_by_qr<'e>(approver: &'e SyncEngine, offered: &Offered) -> Approval<'e> {
    let qr = Box::new(offered.qr().unwrap().clone());
    Approval::claim(approver, Claim::QrCode(qr, None)).await.unwrap()
}

pub(crate) async fn checked_by_qr(approval: Approval<'_>) -> Checked<'_> {
    let candidate: Candidate<'_> = approval.candidate().await.unwrap();
    candidate.checked_by_qr().unwrap_or_else(|_| panic!("the MAC was checked"))
}

/// HTTPS to the server, until the test cuts it.
pub(crate) struct Wire {
    https: HttpsTransport,
    losses: Mutex<Vec<(Loss, &'static str)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The request never arrives.
    Request,
    /// The server acts on the request, and its answer never arrives.
    Answer,
}

impl Wire {
    /// From now on requests whose path ends so are lost, or their answers.
    pub(crate) fn loses(&self, loss: Loss, path: &'static str) {
        self.losses.lock().unwrap().push((loss, path));
    }

    pub(crate) fn heals(&self) {
        self.losses.lock().unwrap().clear();
    }
}

#[async_trait]
impl Transport for Wire {
    async fn exchange(&self, request: Request) -> Result<Answer, TransportError> {
        let path = request.path.split('?').next().unwrap().to_owned();
        let losses = self.losses.lock().unwrap().clone();
        let loss = losses.into_iter().find(|(_, lost)| path.ends_with(lost)).map(|(loss, _)| loss);
        let lost = Err(TransportError::Broken("cut by the test".to_owned()));
        match loss {
            Some(Loss::Request) => lost,
            Some(Loss::Answer) => {
                // The head of the answer comes after the server has acted.
                drop(self.https.exchange(request).await?);
                lost
            }
            None => self.https.exchange(request).await,
        }
    }
}
