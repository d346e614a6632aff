//! Ana's account on an honest server in this process, and whoever stands between.

mod device;
mod frames;
mod hand;
mod home;
mod interruption;
mod lost;
mod newcomer;
mod notary;
pub(crate) mod offer;
mod wire;

use keyfold_client::ItemId;

pub(crate) use device::{Device, any_passkey, passphrase};
pub(crate) use frames::{bytes, frames};
pub(crate) use hand::push;
pub(crate) use home::Home;
pub(crate) use interruption::{Interruption, Span};
pub(crate) use lost::Lost;
pub(crate) use newcomer::{Newcomer, claimed, enrolled, let_in, met};
pub(crate) use notary::Notary;
pub(crate) use wire::{Reply, Wire};

/// An account with two devices in step and two passkeys.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) laptop: Device,
    pub(crate) phone: Device,
    pub(crate) mail: ItemId,
    pub(crate) bank: ItemId,
}

impl World {
    pub(crate) async fn new() -> Self {
        // Boxed, as all that is long here: a test's stack is small, and an unoptimised future takes a lot of it.
        Box::pin(Self::make()).await
    }

    async fn make() -> Self {
        let home = Home::start().await;
        let laptop = Device::founded(&home, "Ana's laptop").await;
        let mail = laptop.makes("mail.example").await;
        let bank = laptop.makes("bank.example").await;
        laptop.syncs().await;
        let phone = enrolled(&home, &laptop).await;
        phone.syncs().await;
        laptop.syncs().await;
        Self { home, laptop, phone, mail, bank }
    }

    /// Signs as the server does.
    pub(crate) async fn notary(&self) -> Notary {
        Notary::of(&self.home, &self.laptop).await
    }

    /// The laptop edits both passkeys in one commit; the phone has yet to see it.
    pub(crate) async fn laptop_edits_both(&self) {
        self.laptop.labels(self.mail, "new mail").await;
        self.laptop.labels(self.bank, "new bank").await;
        self.laptop.syncs().await;
    }
}
