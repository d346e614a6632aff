use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use keyfold_client::AccountId;
use keyfold_crypto::{SigningAlgorithm, SigningKey, random};
use keyfold_ledger::{Chain, Receipt};
use keyfold_store::InProcessBus;
use keyfold_vault::{
    Bus, CachedHeads, Caller, Clock, Ear, HeadCache, Limits, Services, Settings, SignUp, Subscription, SystemClock,
    Topic,
};
use keyfold_wire::v1::Heads;
use prost::Message;

use crate::world::{Device, World};

/// Another replica beside the server, of whose Redis somebody else has taken hold.
struct Replica {
    services: Services,
    redis: Arc<Redis>,
    clock: Arc<Still>,
}

impl Replica {
    async fn beside(world: &World) -> Self {
        let (redis, clock) = (Arc::<Redis>::default(), Arc::new(Still(AtomicU64::new(SystemClock.now()))));
        let settings =
            Settings { public_url: world.home.url().to_string(), sign_up: SignUp::Closed, limits: Limits::default() };
        let (storage, bus, cache) = (Arc::new(world.home.database().await), Arc::clone(&redis), Arc::clone(&redis));
        let services = Services::start(storage, bus, Some(cache), Arc::clone(&clock) as _, settings).await.unwrap();
        Self { services, redis, clock }
    }

    async fn polled(&self, device: &Device) -> Heads {
        let caller = Caller { account: device.held().await.roster.account(), device: device.id() };
        Heads::decode(self.services.heads.poll(&caller).await.unwrap()).unwrap()
    }
}

/// It gives whatever it likes, and passes words on.
#[derive(Default)]
struct Redis {
    gives: Mutex<Option<Vec<u8>>>,
    ears: Mutex<Vec<Ear>>,
    listeners: InProcessBus,
}

impl Redis {
    fn gives(&self, heads: &Heads) {
        *self.gives.lock().unwrap() = Some(heads.encode_to_vec());
    }

    /// Another replica says that the account has moved.
    fn says(&self, account: AccountId) {
        for ear in self.ears.lock().unwrap().iter() {
            ear(Some(Topic::Account(account)));
        }
    }
}

#[async_trait]
impl HeadCache for Redis {
    async fn get(&self, _: AccountId) -> Option<CachedHeads> {
        Some(CachedHeads { heads: self.gives.lock().unwrap().clone()?, age: 0 })
    }

    fn put(&self, _: AccountId, _: u64, _: Bytes, _: u64) {}
}

impl Bus for Redis {
    fn publish(&self, topic: Topic) {
        self.listeners.publish(topic);
    }

    fn subscribe(&self, topic: Topic) -> Box<dyn Subscription> {
        self.listeners.subscribe(topic)
    }

    fn overhear(&self, ear: Ear) {
        self.ears.lock().unwrap().push(ear);
    }
}

/// Passes only when the story says so.
struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Heads without this server's receipts for just them are none, and the database is asked.
#[tokio::test(flavor = "multi_thread")]
async fn threat_cache_forged_heads_are_not_told() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Mallory's laptop").await;
    let (heads, mallorys) =
        (world.phone.engine.api().head().await.unwrap(), mallory.engine.api().head().await.unwrap());
    let other = SigningKey::generate(SigningAlgorithm::Ed25519, &mut random::system());
    let account = world.phone.held().await.roster.account();
    let forged = |change: &dyn Fn(&mut Heads)| {
        let mut forged = heads.clone();
        change(&mut forged);
        forged
    };
    let lies = [
        mallorys.clone(),
        Heads::default(),
        forged(&|heads| heads.vault_seq += 1),
        forged(&|heads| heads.vault_head[0] ^= 1),
        forged(&|heads| heads.vault_head.clear()),
        forged(&|heads| heads.vault_receipt = None),
        forged(&|heads| heads.vault_receipt = heads.roster_receipt.clone()),
        forged(&|heads| heads.vault_receipt = mallorys.vault_receipt.clone()),
        forged(&|heads| {
            heads.vault_seq += 1;
            let (seq, head) = (heads.vault_seq, heads.vault_head.as_slice().try_into().unwrap());
            heads.vault_receipt = Some(Receipt { account, chain: Chain::Vault, seq, head }.issue(&other));
        }),
    ];
    let replica = Replica::beside(&world).await;
    for (case, lie) in lies.iter().enumerate() {
        replica.redis.gives(lie);
        replica.clock.0.fetch_add(1_000, Ordering::SeqCst);
        assert_eq!(replica.polled(&world.phone).await, heads, "case {case}");
    }
    for rubbish in [Vec::new(), vec![0xff; 64], vec![7; 1 << 20]] {
        *replica.redis.gives.lock().unwrap() = Some(rubbish);
        replica.clock.0.fetch_add(1_000, Ordering::SeqCst);
        assert_eq!(replica.polled(&world.phone).await, heads);
    }
}

/// Old heads are this server's word, too. After it is heard that the account has moved they are told no more, though whoever
/// keeps them says that they are new.
#[tokio::test(flavor = "multi_thread")]
async fn threat_cache_old_heads_are_not_told_after_a_word_from_elsewhere() {
    let world = World::new().await;
    let replica = Replica::beside(&world).await;
    let old = replica.polled(&world.phone).await;
    replica.redis.gives(&old);
    world.laptop_edits_both().await;
    assert_eq!(replica.polled(&world.phone).await, old, "for a second at most");
    replica.redis.says(world.phone.held().await.roster.account());
    let new = world.laptop.engine.api().head().await.unwrap();
    assert_eq!(replica.polled(&world.phone).await, new);
    assert_eq!(replica.polled(&world.phone).await, new);
}
