use std::sync::Arc;

use keyfold_client::{
    Clock, ItemId, SigningAlgorithm, SystemClock,
    api::Api,
    device::Passphrase,
    enrolment::{Approval, Claim, EnrolmentPath, NewDevice},
    item::{Algorithm, CredProtect, Discoverability, FieldTag, Key, Passkey, Secrets},
    storage::{SqliteStorage, Storage},
    sync::{NewAccount, SyncEngine, create_account},
    transport::Trust,
    vault::UnlockedVault,
};
use keyfold_crypto::random;

use super::wire::Wire;
use crate::{failure::Failure, server::Server};

/// A device of an account, unlocked, on the SDK.
pub(super) struct Member {
    engine: SyncEngine,
    pub(super) wire: Arc<Wire>,
}

/// A device with an empty profile.
struct Newcomer {
    storage: Arc<dyn Storage>,
    api: Api,
    wire: Arc<Wire>,
    ca: Vec<u8>,
    fingerprint: Option<[u8; 32]>,
}

impl Member {
    /// The first device of a new account.
    pub(super) async fn founded(server: &Server) -> Result<Self, Failure> {
        let newcomer = Newcomer::new(server).await?;
        let new = NewAccount {
            name: "laptop".parse().map_err(Failure::client("a name"))?,
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            invite: String::new(),
            ca: Some(newcomer.ca.clone()),
        };
        let vault = create_account(Arc::clone(&newcomer.storage), &newcomer.api, new).await;
        Ok(newcomer.with(vault.map_err(Failure::client("an account"))?))
    }

    /// A further device, let in by `approver` through its QR code.
    pub(super) async fn enrolled(server: &Server, approver: &Self) -> Result<Self, Failure> {
        let refused = Failure::client("an enrolment");
        let newcomer = Newcomer::new(server).await?;
        let device = NewDevice {
            name: "phone".parse().map_err(Failure::client("a name"))?,
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: passphrase(),
            ca: Some(newcomer.ca.clone()),
        };
        let path = EnrolmentPath::QrCode { ca_fingerprint: newcomer.fingerprint };
        let offered =
            device.begin(Arc::clone(&newcomer.storage), newcomer.api.clone(), path).await.map_err(&refused)?;
        let qr = offered.qr().cloned().ok_or_else(|| Failure::client("an enrolment")("it has no QR code"))?;
        let claim = Claim::QrCode(Box::new(qr), newcomer.fingerprint);
        let approve = async {
            let claimed = Approval::claim(&approver.engine, claim).await.map_err(Failure::client("a claim"))?;
            let candidate = claimed.candidate().await.map_err(Failure::client("a candidate"))?;
            let unchecked = |_| Failure::client("an enrolment")("a QR code needs no check code");
            let checked = candidate.checked_by_qr().map_err(unchecked)?;
            checked.approve().await.map_err(Failure::client("an approval"))
        };
        let join = async {
            let opened = offered.approved().await.map_err(&refused)?;
            let completion = opened.completion().await.map_err(&refused)?;
            let confirmed = opened.confirm_qr(completion).await.map_err(&refused)?;
            confirmed.join().await.map_err(&refused)
        };
        let (_, vault) = tokio::try_join!(approve, join)?;
        Ok(newcomer.with(vault))
    }

    pub(super) const fn vault(&self) -> &UnlockedVault {
        self.engine.vault()
    }

    pub(super) async fn sync(&self) -> Result<(), Failure> {
        self.engine.sync().await.map(drop).map_err(Failure::client("a sync"))
    }

    /// Keeps a passkey with the names that a relying party gives it.
    pub(super) async fn add(&self, number: usize) -> Result<ItemId, Failure> {
        let mut rng = random::system();
        let passkey = Passkey {
            rp_id: format!("site-{number}.example.org"),
            credential_id: random::bytes::<32>(&mut rng).to_vec(),
            user_handle: random::bytes::<32>(&mut rng).to_vec(),
            algorithm: Algorithm::EdDsa,
            key: Key::Synced(Secrets {
                private_key: random::bytes::<32>(&mut rng).to_vec().into(),
                cred_random_with_uv: random::bytes(&mut rng).into(),
                cred_random_without_uv: random::bytes(&mut rng).into(),
            }),
            created_at: SystemClock.now(),
            created_by: self.vault().keys().id(),
            cred_blob: Vec::new().into(),
            imported: None,
            cred_protect: CredProtect::default(),
            discoverability: Discoverability::Discoverable,
        };
        let names = [
            (FieldTag::UserName, "ana@example.org".to_owned()),
            (FieldTag::UserDisplayName, "Ana Example".to_owned()),
            (FieldTag::RpName, format!("Example {number}")),
        ];
        self.vault().add(&passkey, names).await.map_err(Failure::client("a passkey"))
    }
}

impl Newcomer {
    async fn new(server: &Server) -> Result<Self, Failure> {
        let ca = server.authority()?;
        let trust = Trust::pinned(&ca).map_err(Failure::client("the server's CA"))?;
        let url = server.url().parse().map_err(Failure::client("the server's URL"))?;
        let wire = Arc::new(Wire::new(server.url(), &trust)?);
        let storage = SqliteStorage::in_memory().await.map_err(Failure::client("a profile"))?;
        let api = Api::new(url, wire.clone(), Arc::new(SystemClock));
        Ok(Self { storage: Arc::new(storage), api, wire, ca, fingerprint: trust.fingerprint() })
    }

    fn with(self, vault: UnlockedVault) -> Member {
        Member { engine: SyncEngine::new(vault, self.api), wire: self.wire }
    }
}

fn passphrase() -> Passphrase {
    Passphrase::typed("correct horse battery staple".to_owned().into())
}
