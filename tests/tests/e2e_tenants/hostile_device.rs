//! A device that does not keep to its program, and asks a tenant for what it should not get.

use std::{collections::BTreeSet, sync::Arc};

use keyfold_client::{
    ProblemCode, SigningAlgorithm, SystemClock,
    api::{Api, ApiError},
    device::Passphrase,
    evidence::{
        PostureSource, TenantId,
        policy::{Posture, UnixMillis, compliance::Fact},
    },
    storage::SqliteStorage,
    sync::{NewAccount, SyncEngine, create_account},
    transport::{HttpsTransport, Trust},
};
use keyfold_evidence::{LeafShown, possession};
use keyfold_tests::{Server, Tenant};
use keyfold_wire::v1::{EvidenceClass, EvidenceKey, LeafBatch, LeafRequest, PostureReport, TenantInvite};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

/// Mallory's, with the real SDK as far as it serves her.
struct Hostile {
    engine: SyncEngine,
    keys: Vec<SigningKey>,
}

/// What every device of these tests is.
struct Usual;

impl PostureSource for Usual {
    fn posture(&self, now: UnixMillis) -> Posture {
        Posture { agent_version: Fact::self_reported("9.0".parse().unwrap()), ..Posture::unknown(now) }
    }
}

impl Hostile {
    async fn founded(server: &Server) -> Self {
        let (ca, url) = (std::fs::read(server.ca()).unwrap(), server.url().parse().unwrap());
        let transport = HttpsTransport::new(server.url().parse().unwrap(), &Trust::pinned(&ca).unwrap()).unwrap();
        let api = Api::new(url, Arc::new(transport), Arc::new(SystemClock));
        let new = NewAccount {
            name: "Mallory's laptop".parse().unwrap(),
            algorithm: SigningAlgorithm::Ed25519,
            passphrase: Passphrase::typed("correct horse battery staple".to_owned().into()),
            invite: String::new(),
            ca: Some(ca),
        };
        let storage = Arc::new(SqliteStorage::in_memory().await.unwrap());
        let vault = Box::pin(create_account(storage, &api, new)).await.unwrap();
        let keys = (0..64).map(|_| drawn()).collect();
        Self { engine: SyncEngine::new(vault, api), keys }
    }

    /// Joins as her user would, and tells how the device is kept.
    async fn joins(&self, tenant: &Tenant<'_>) {
        let invitation = self.engine.invitation(&invite(tenant)).await.unwrap();
        Box::pin(self.engine.join_tenant(&invitation)).await.unwrap();
        Box::pin(self.engine.ask_tenants(&Usual)).await.unwrap();
    }

    /// A request for a leaf, with what shows that the key is this account's and `device`'s.
    fn wants(&self, tenant: &Tenant<'_>, device: [u8; 16], key: &SigningKey) -> EvidenceKey {
        let account = self.engine.vault().local().profile().account;
        let (id, point) = (id(tenant), point(key));
        let owner = possession::Owner { tenant: id.as_bytes(), account: account.as_bytes(), device: &device };
        let shown: Signature = key.sign(&possession::message(&owner, &point));
        EvidenceKey { class: EvidenceClass::Synced.into(), key: point.to_vec(), possession: shown.to_bytes().to_vec() }
    }

    async fn leaves(&self, tenant: &Tenant<'_>, keys: Vec<EvidenceKey>) -> Result<LeafBatch, ApiError> {
        self.engine.api().leaves(id(tenant), &LeafRequest { keys }).await
    }

    /// Asks for leaves for all keys, whatever the tenant has said of this device.
    async fn asks(&self, tenant: &Tenant<'_>) -> Result<LeafBatch, ApiError> {
        let own = *self.engine.vault().local().profile().device.as_bytes();
        self.leaves(tenant, self.keys.iter().map(|key| self.wants(tenant, own, key)).collect()).await
    }

    /// Tells how a device was kept at a time.
    async fn tells(&self, tenant: &Tenant<'_>, device: [u8; 16], at: u64) -> Result<(), ApiError> {
        let report = PostureReport {
            suite: 1,
            tenant: id(tenant).to_vec(),
            account: self.engine.vault().local().profile().account.to_vec(),
            device: device.to_vec(),
            at,
            posture: serde_json::to_string(&Usual.posture(UnixMillis(at))).unwrap(),
        };
        let signed = self.engine.vault().keys().author.signing.sign(&report);
        self.engine.api().posture(id(tenant), &signed).await.map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_rp_a_device_that_asks_all_the_same_gets_leaves_by_the_rules_alone() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    let mallory = Hostile::founded(&server).await;
    mallory.joins(&tenant).await;
    refused(mallory.asks(&tenant).await, ProblemCode::NotCompliant, "there is no rule that it keeps");
    tenant.requires_too_much();
    refused(mallory.asks(&tenant).await, ProblemCode::NotCompliant, "it does not keep the rule");
    tenant.requires_little();
    let batch = mallory.asks(&tenant).await.unwrap();
    assert_eq!(batch.leaves.len(), mallory.keys.len());
    tenant.requires_too_much();
    refused(mallory.asks(&tenant).await, ProblemCode::NotCompliant, "a renewal is issued like the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_rp_a_leaf_is_for_a_key_of_the_device_that_asks() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let mallory = Hostile::founded(&server).await;
    mallory.joins(&tenant).await;
    let own = *mallory.engine.vault().local().profile().device.as_bytes();
    // A key that she has seen at a relying party, and one that another device has shown to have.
    let mut seen = mallory.wants(&tenant, own, &mallory.keys[0]);
    seen.key = point(&drawn()).to_vec();
    refused(mallory.leaves(&tenant, vec![seen]).await, ProblemCode::RuleBroken, "nobody has shown to have it");
    let of_another = mallory.wants(&tenant, [7; 16], &mallory.keys[0]);
    refused(mallory.leaves(&tenant, vec![of_another]).await, ProblemCode::RuleBroken, "another device has");
    let twice = vec![mallory.wants(&tenant, own, &mallory.keys[0]); 2];
    refused(mallory.leaves(&tenant, twice).await, ProblemCode::Malformed, "two leaves of a key would be one device's");
}

/// Whoever has one leaf must not find those beside it.
#[tokio::test(flavor = "multi_thread")]
async fn threat_rp_leaves_of_one_batch_are_not_known_by_their_places() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let mallory = Hostile::founded(&server).await;
    mallory.joins(&tenant).await;
    let batch = mallory.asks(&tenant).await.unwrap();
    let places: Vec<u32> = batch.leaves.iter().map(|leaf| LeafShown::of(leaf).unwrap().claims.status.index).collect();
    let steps: BTreeSet<u32> = places.windows(2).map(|two| two[1].wrapping_sub(two[0])).collect();
    assert!(steps.len() > places.len() / 2, "they follow each other: {places:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_rp_who_is_no_member_gets_nothing_and_says_nothing() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let mallory = Hostile::founded(&server).await;
    let own = *mallory.engine.vault().local().profile().device.as_bytes();
    let now = mallory.engine.api().anonymous().now();
    let is_refused = async |why| {
        is_no_member(mallory.asks(&tenant).await, why);
        is_no_member(mallory.engine.api().state(id(&tenant), b"a statement").await, why);
        is_no_member(mallory.tells(&tenant, own, now).await, why);
        is_no_member(mallory.engine.api().membership(id(&tenant)).await, why);
    };
    is_refused("a stranger").await;
    // An invite alone makes no member: the account's roster says whether its user has joined.
    let code = invite(&tenant);
    let joined = mallory.engine.api().join(id(&tenant), &TenantInvite { code }).await;
    refused(joined, ProblemCode::RuleBroken, "nobody has signed that");
    is_refused("an account that was only invited").await;
    mallory.joins(&tenant).await;
    mallory.asks(&tenant).await.unwrap();
    Box::pin(mallory.engine.leave_tenant(id(&tenant))).await.unwrap();
    is_refused("an account that has left").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_rp_a_device_says_nothing_of_another_and_nothing_again() {
    let server = Server::start();
    let tenant = Tenant::founded(&server, "Example Ltd.");
    tenant.requires_little();
    let mallory = Hostile::founded(&server).await;
    mallory.joins(&tenant).await;
    let own = *mallory.engine.vault().local().profile().device.as_bytes();
    let later = mallory.engine.api().anonymous().now() + 1;
    refused(mallory.tells(&tenant, [7; 16], later).await, ProblemCode::RuleBroken, "it is of another device");
    mallory.tells(&tenant, own, later).await.unwrap();
    refused(mallory.tells(&tenant, own, later).await, ProblemCode::Malformed, "it was told before");
    refused(mallory.tells(&tenant, own, later - 1).await, ProblemCode::Malformed, "a later one is known");
}

fn id(tenant: &Tenant<'_>) -> TenantId {
    tenant.id.parse().unwrap()
}

fn invite(tenant: &Tenant<'_>) -> String {
    tenant.does(&["member", "invite", "Mallory"])["code"].as_str().unwrap().to_owned()
}

fn drawn() -> SigningKey {
    let mut secret = [0; 32];
    crate::getrandom(&mut secret);
    SigningKey::from_slice(&secret).unwrap()
}

fn point(key: &SigningKey) -> [u8; 65] {
    key.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, ApiError>, code: ProblemCode, why: &str) {
    assert_eq!(answer.expect_err(why).code(), Some(code), "{why}");
}

/// What the SDK makes of that: it has asked once more with another session.
#[track_caller]
fn is_no_member<T: std::fmt::Debug>(answer: Result<T, ApiError>, why: &str) {
    let error = answer.expect_err(why);
    assert!(matches!(&error, ApiError::BadAnswer(said) if said.ends_with("is no member")), "{why}: {error}");
}
