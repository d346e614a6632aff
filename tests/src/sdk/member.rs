use std::sync::Arc;

use keyfold_client::{
    ItemId, MemberId,
    authenticator::{AllowList, CredentialStore},
    enrolment::{Approval, Claim},
    item::{Algorithm, CredProtect, Discoverability, FieldTag, Item, Key, Passkey, Secrets},
    storage::Storage,
    sync::{SyncEngine, SyncError, SyncReport},
    vault::{Contents, Origin, UnlockedVault},
};
use keyfold_crypto::random;

use super::{DeviceClock, Hosted, Newcomer, Wire};

/// A device of an account, unlocked.
pub struct Member {
    pub engine: SyncEngine,
    pub wire: Arc<Wire>,
    pub clock: Arc<DeviceClock>,
}

impl Member {
    /// The first device of a new account.
    pub async fn founded(server: &Hosted, name: &str) -> Self {
        let newcomer = Newcomer::new(server, name).await;
        let vault = Box::pin(newcomer.found()).await.unwrap();
        newcomer.member(vault)
    }

    /// A further device, let in by `approver` through its QR code, with the vault as it stands.
    pub async fn enrolled(server: &Hosted, name: &str, approver: &Self) -> Self {
        let device = Self::let_in(server, name, approver).await;
        device.sync().await;
        device
    }

    /// A further device that has not taken the vault yet.
    pub async fn let_in(server: &Hosted, name: &str, approver: &Self) -> Self {
        // On the heap: a story of many steps would outgrow the stack that a test has.
        Box::pin(Self::approved(server, name, approver)).await
    }

    async fn approved(server: &Hosted, name: &str, approver: &Self) -> Self {
        let newcomer = Newcomer::new(server, name).await;
        let fingerprint = server.trust().fingerprint();
        let offered = newcomer.offer(fingerprint).await;
        let qr = Claim::QrCode(Box::new(offered.qr().unwrap().clone()), fingerprint);
        let approve = async {
            let candidate = Approval::claim(&approver.engine, qr).await.unwrap().candidate().await.unwrap();
            let Ok(checked) = candidate.checked_by_qr() else { panic!("a QR code needs no check code") };
            checked.approve().await.unwrap();
        };
        let join = async {
            let opened = offered.approved().await.unwrap();
            let completion = opened.completion().await.unwrap();
            opened.confirm_qr(completion).await.unwrap().join().await.unwrap()
        };
        let ((), vault) = tokio::join!(approve, join);
        newcomer.member(vault)
    }

    pub const fn vault(&self) -> &UnlockedVault {
        self.engine.vault()
    }

    pub fn storage(&self) -> &dyn Storage {
        self.vault().local().storage().as_ref()
    }

    pub async fn sync(&self) -> SyncReport {
        Box::pin(self.engine.sync()).await.unwrap()
    }

    /// Panics if the sync comes to its end.
    pub async fn fails_to_sync(&self) -> SyncError {
        Box::pin(self.engine.sync()).await.expect_err("the sync came to its end")
    }

    /// Makes a passkey for this site.
    pub async fn add(&self, site: &str) -> ItemId {
        let passkey = any_passkey(site, self.vault().keys().id(), self.clock.now());
        self.vault().add(&passkey, []).await.unwrap()
    }

    /// Gives a passkey the user's own name.
    pub async fn label(&self, item: ItemId, text: &str) {
        self.vault().set(item, FieldTag::Label, text.as_bytes().to_vec()).await.unwrap();
    }

    /// Notes that a passkey has just signed in.
    pub async fn signs_in(&self, item: ItemId) {
        let item = self.vault().passkey(item).await.unwrap().item;
        let passkey = item.passkey().unwrap();
        let mut snapshot = self.vault().snapshot().await.unwrap();
        let rp_id = passkey.rp_id.as_str().try_into().unwrap();
        snapshot.used(&rp_id, &passkey.credential_id.as_slice().try_into().unwrap(), &AllowList::Discoverable);
        self.vault().keep(&mut snapshot).await.unwrap();
    }

    pub async fn contents(&self) -> Contents {
        self.vault().contents().await.unwrap()
    }

    /// Everything in the vault, of which all must be acknowledged and good.
    pub async fn acknowledged(&self) -> Vec<(ItemId, Item, u64)> {
        let Contents { items, unreadable } = self.contents().await;
        assert!(unreadable.is_empty(), "{unreadable:?}");
        let acknowledged = items.into_iter().map(|item| {
            assert_eq!((item.origin, &item.fault), (Origin::Acknowledged, &None), "{}", item.id);
            (item.id, item.item, item.revision)
        });
        acknowledged.collect()
    }
}

/// A passkey for this site, like no other.
pub fn any_passkey(site: &str, created_by: MemberId, created_at: u64) -> Passkey {
    let mut rng = random::system();
    Passkey {
        rp_id: site.to_owned(),
        credential_id: random::bytes::<32>(&mut rng).to_vec(),
        user_handle: b"ana".to_vec(),
        algorithm: Algorithm::EdDsa,
        key: Key::Synced(Secrets {
            private_key: random::bytes::<32>(&mut rng).to_vec().into(),
            cred_random_with_uv: random::bytes(&mut rng).into(),
            cred_random_without_uv: random::bytes(&mut rng).into(),
        }),
        created_at,
        created_by,
        cred_blob: Vec::new().into(),
        imported: None,
        cred_protect: CredProtect::default(),
        discoverability: Discoverability::Discoverable,
    }
}
