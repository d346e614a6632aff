use keyfold_client::api::{ApiError, Frame};
use keyfold_wire::v1::{Accepted, AppendEntry, Heads, roster_entry::Body};
use prost::Message;

use super::{Device, Reply, World, bytes, frames};

/// An account of which a restored server lost two commits and a rotation between them, and what the laptop would offer.
pub(crate) struct Lost {
    pub(crate) world: World,
    /// Heads, entry, sealed key, link, commits, envelopes, end.
    pub(crate) offer: Vec<Frame>,
}

impl Lost {
    pub(crate) async fn new() -> Self {
        Self::of(Box::pin(World::new()).await).await
    }

    pub(crate) async fn of(mut world: World) -> Self {
        let backup = world.home.backs_up().await;
        world.laptop_edits_both().await;
        world.laptop.engine.rotate().await.unwrap();
        // Both again: nothing is left to be encrypted anew.
        world.laptop.labels(world.mail, "newest mail").await;
        world.laptop.labels(world.bank, "newer bank").await;
        world.laptop.syncs().await;
        world.phone.syncs().await;
        world.home.is_restored(&backup).await;
        let offer = world.laptop.would_offer().await;
        Self { world, offer }
    }

    /// Where the server stands.
    pub(crate) async fn heads(&self) -> Heads {
        self.world.laptop.engine.api().head().await.unwrap()
    }

    /// The honest offer is still taken, and every device reads and writes.
    pub(crate) async fn is_mended(&self) {
        let World { laptop, phone, .. } = &self.world;
        Box::pin(laptop.engine.offer(|_, _| {})).await.unwrap();
        Box::pin(laptop.engine.end_offers()).await.unwrap();
        phone.labels(self.world.bank, "newest bank").await;
        phone.syncs().await;
        laptop.syncs().await;
        for device in [laptop, phone] {
            assert_eq!(device.sees().await, ["bank.example \"newest bank\"", "mail.example \"newest mail\""]);
        }
    }
}

impl Device {
    /// What it would give a server that is behind; nothing of it is sent.
    pub(crate) async fn would_offer(&self) -> Vec<Frame> {
        self.wire.answers(|request| (request.path == "/v1/offers").then(|| Reply { status: 500, body: Vec::new() }));
        Box::pin(self.engine.offer(|_, _| {})).await.unwrap_err();
        self.wire.is_honest();
        frames(&self.wire.last_sent("/v1/offers"))
    }

    /// By a rotation on the heads that it holds.
    pub(crate) async fn ends_the_wait(&self) -> Result<Accepted, ApiError> {
        let rotated = self.rotation(&self.members_without(&[]).await).await;
        let entry = self.entry(Body::Rotate(rotated.rotate.clone())).await;
        let entry = Some(self.signing().sign(&entry));
        let message = AppendEntry { entry, sealed_keys: rotated.sealed_keys, links: rotated.links };
        self.engine.api().end_offers(&message.encode_to_vec()).await
    }

    pub(crate) async fn offers(&self, offer: &[Frame]) -> Result<Accepted, ApiError> {
        self.engine.api().offer(&bytes(offer.to_vec())).await
    }
}
