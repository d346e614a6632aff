use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use keyfold_client::{
    Clock, ItemId, MemberId, SigningAlgorithm, SystemClock,
    api::Api,
    device::Passphrase,
    item::{Algorithm, CredProtect, Discoverability, FieldTag, Key, Passkey, Secrets},
    storage::{Chains, SqliteStorage, Storage, StoredItem},
    sync::{NewAccount, SyncEngine, SyncError, SyncReport, create_account},
    transport::ServerUrl,
    vault::{LocalVault, UnlockedVault, VaultError},
};
use tempfile::TempDir;

use super::{Home, Wire};

/// A device with the real SDK, a profile on disk, and a [`Wire`] to its server.
pub(crate) struct Device {
    pub(crate) engine: SyncEngine,
    pub(crate) wire: Arc<Wire>,
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) profile: TempDir,
    server: ServerUrl,
}

/// All that a pull could have changed of a profile.
#[derive(Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) chains: Chains,
    items: Vec<StoredItem>,
    seen: Vec<String>,
}

impl Device {
    /// The first device of a new account.
    pub(crate) async fn founded(home: &Home, name: &str) -> Self {
        Self::founded_with(home, name, SigningAlgorithm::Ed25519).await
    }

    pub(crate) async fn founded_with(home: &Home, name: &str, algorithm: SigningAlgorithm) -> Self {
        let (wire, clock, profile) = (Wire::to(home), Arc::default(), TempDir::new().unwrap());
        let api = Api::new(home.url(), Arc::clone(&wire) as _, Arc::clone(&clock) as _);
        let new = NewAccount {
            name: name.parse().unwrap(),
            algorithm,
            passphrase: passphrase(),
            invite: String::new(),
            ca: Some(home.ca()),
        };
        let vault = Box::pin(create_account(open(profile.path()).await, &api, new)).await.unwrap();
        Self { engine: SyncEngine::new(vault, api), wire, clock, profile, server: home.url() }
    }

    pub(crate) fn of(
        vault: UnlockedVault,
        api: Api,
        wire: Arc<Wire>,
        clock: Arc<MovableClock>,
        profile: TempDir,
    ) -> Self {
        let server = api.server().clone();
        Self { engine: SyncEngine::new(vault, api), wire, clock, profile, server }
    }

    /// The program is started anew.
    pub(crate) async fn restart(&mut self) {
        self.engine = self.opened_by(&self.wire).await;
    }

    /// The same profile, in another process with a way of its own to the server.
    pub(crate) async fn in_another_process(&self, home: &Home) -> (SyncEngine, Arc<Wire>) {
        let wire = Wire::to(home);
        (self.opened_by(&wire).await, wire)
    }

    /// A session beside the one that its engine has: a refusal in the one does not end the other.
    pub(crate) async fn has_another_session(&self, home: &Home) -> SyncEngine {
        let (engine, _) = self.in_another_process(home).await;
        engine.api().head().await.unwrap();
        engine
    }

    /// Whether the profile opens with its passphrase.
    pub(crate) async fn unlocks(&self) -> Result<(), VaultError> {
        let local = LocalVault::open(open(self.profile.path()).await, Arc::clone(&self.clock) as _).await?;
        local.unlock(&passphrase()).await.map(drop)
    }

    async fn opened_by(&self, wire: &Arc<Wire>) -> SyncEngine {
        let api = Api::new(self.server.clone(), Arc::clone(wire) as _, Arc::clone(&self.clock) as _);
        let local = LocalVault::open(open(self.profile.path()).await, Arc::clone(&self.clock) as _).await.unwrap();
        SyncEngine::new(local.unlock(&passphrase()).await.unwrap(), api)
    }

    pub(crate) const fn vault(&self) -> &UnlockedVault {
        self.engine.vault()
    }

    /// Makes a passkey for a relying party; the next sync sends it.
    pub(crate) async fn makes(&self, rp_id: &str) -> ItemId {
        let passkey = any_passkey(rp_id, self.id());
        self.vault().add(&passkey, [(FieldTag::UserName, "ana".to_owned())]).await.unwrap()
    }

    /// Gives a passkey another label; the next sync sends it.
    pub(crate) async fn labels(&self, item: ItemId, label: &str) {
        self.vault().set(item, FieldTag::Label, label.into()).await.unwrap();
    }

    /// A sync that must go well.
    pub(crate) async fn syncs(&self) -> SyncReport {
        Box::pin(self.engine.sync()).await.unwrap()
    }

    /// What the person sees: each passkey with its label and what is wrong with it, and what cannot be shown.
    pub(crate) async fn sees(&self) -> Vec<String> {
        let contents = self.vault().contents().await.unwrap();
        let shown = contents.items.iter().map(|item| {
            let wrong = item.fault.as_ref().map(|fault| format!(", but {}", fault.reason)).unwrap_or_default();
            let gone = if item.item.fields.deleted_at().is_some() { ", deleted" } else { "" };
            format!("{} {:?}{gone}{wrong}", item.item.passkey().unwrap().rp_id, item.item.fields.text(FieldTag::Label))
        });
        let unreadable = contents.unreadable.iter().map(|item| format!("unreadable: {}", item.fault.reason));
        let mut seen: Vec<String> = shown.chain(unreadable).collect();
        seen.sort();
        seen
    }

    pub(crate) async fn kept(&self) -> Kept {
        let storage = self.vault().local().storage();
        let (chains, items) = (storage.chains().await.unwrap(), storage.items().await.unwrap());
        Kept { chains, items, seen: self.sees().await }
    }

    /// The next sync stops with this code and reason, and stays stopped when the program is started anew and the server
    /// is honest again. Nothing of what came was kept, and nothing was sent, though an edit waits.
    pub(crate) async fn stops(&mut self, code: &str, because: &str) {
        self.makes("unsent.example").await;
        let (before, writes) = (self.kept().await, self.wire.writes());
        let stop = match Box::pin(self.engine.sync()).await {
            Err(SyncError::Stopped(stop)) => stop,
            went => panic!("sync was not stopped: {went:?}"),
        };
        assert_eq!(stop.code, code, "{}", stop.detail);
        assert!(stop.detail.contains(because), "{:?} does not say {because:?}", stop.detail);
        self.wire.is_honest();
        self.restart().await;
        let again = Box::pin(self.engine.sync()).await;
        assert!(matches!(&again, Err(SyncError::Stopped(again)) if *again == stop), "it went on: {again:?}");
        assert_eq!(self.kept().await, before, "something was kept");
        assert_eq!(self.wire.writes(), writes, "something was sent");
    }

    /// The next sync finds the server behind; nothing was kept or sent, and an honest one goes well.
    pub(crate) async fn finds_it_behind(&mut self, because: &str) {
        self.makes("unsent.example").await;
        let (before, writes) = (self.kept().await, self.wire.writes());
        let error = Box::pin(self.engine.sync()).await.unwrap_err();
        assert!(matches!(error, SyncError::Behind(_)), "{error:?}");
        assert!(error.to_string().contains(because), "{error} does not say {because:?}");
        self.restart().await;
        assert_eq!(self.kept().await, before, "something was kept");
        assert_eq!(self.wire.writes(), writes, "something was sent");
    }

    /// As [`Device::stops`], and once the user has it look again, the honest server's history is taken.
    pub(crate) async fn stops_for_now(&mut self, code: &str, because: &str) {
        self.stops(code, because).await;
        self.engine.resume().await.unwrap();
        assert!(self.syncs().await.items_pushed > 0, "the edit that waited");
    }

    /// The next sync fails without an answer that makes sense; nothing was kept or sent, and an honest one goes well.
    pub(crate) async fn fails_for_now(&mut self, because: &str) {
        self.makes("unsent.example").await;
        let (before, writes) = (self.kept().await, self.wire.writes());
        let error = Box::pin(self.engine.sync()).await.unwrap_err();
        assert!(matches!(error, SyncError::Api(_)), "{error}");
        assert!(error.to_string().contains(because), "{error} does not say {because:?}");
        self.wire.is_honest();
        self.restart().await;
        assert_eq!(self.kept().await, before, "something was kept");
        assert_eq!(self.wire.writes(), writes, "something was sent");
        assert!(self.syncs().await.items_pushed > 0, "the edit that waited");
    }
}

/// The system's clock, some time off.
#[derive(Default)]
pub(crate) struct MovableClock(AtomicI64);

impl MovableClock {
    pub(crate) fn is_off_by(&self, milliseconds: i64) {
        self.0.store(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> u64 {
        SystemClock.now().saturating_add_signed(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) fn any_passkey(rp_id: &str, created_by: MemberId) -> Passkey {
    Passkey {
        rp_id: rp_id.to_owned(),
        credential_id: rp_id.bytes().cycle().take(16).collect(),
        user_handle: vec![8; 16],
        algorithm: Algorithm::EdDsa,
        key: Key::Synced(Secrets {
            private_key: vec![7; 32].into(),
            cred_random_with_uv: [6; 32].into(),
            cred_random_without_uv: [5; 32].into(),
        }),
        created_at: 1_700_000_000_000,
        created_by,
        cred_blob: Vec::new().into(),
        imported: None,
        cred_protect: CredProtect::default(),
        discoverability: Discoverability::Discoverable,
    }
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::typed("correct horse battery staple".to_owned().into())
}

pub(crate) async fn open(profile: &Path) -> Arc<dyn Storage> {
    Arc::new(SqliteStorage::open(profile).await.unwrap())
}
