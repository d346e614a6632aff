//! A device on the bare protocol: keys, a session and an account, without the SDK's storage, so that hundreds of them cost
//! little and their messages can be made before the clock starts.

mod session;
mod writing;

use std::collections::BTreeMap;

use keyfold_client::{Clock, SystemClock};
use keyfold_crypto::{EpochKey, SigningAlgorithm, SigningKey, WrappingKey, random};
use keyfold_ledger::{
    Account, Element,
    author::{Author, found},
};
use keyfold_wire::{
    AccountId, ItemId, MemberId,
    v1::{CreateAccount, DeviceDescription},
};

pub(crate) use session::Session;
pub(crate) use writing::{SMALLEST, TYPICAL, seal_items};

use crate::{failure::Failure, line::Line, load::Client, server::Server};

/// The only device of its account.
pub(crate) struct Device {
    author: Author,
    account: Account,
    elements: BTreeMap<ItemId, Element>,
    epoch_key: EpochKey,
    session: Session,
}

impl Device {
    /// Founds an account.
    pub(crate) async fn found(server: &Server) -> Result<Self, Failure> {
        let log_key = server.log_key().await?;
        let mut rng = random::system();
        let author = Author {
            signing: SigningKey::generate(SigningAlgorithm::Ed25519, &mut rng),
            wrapping: WrappingKey::generate(&mut rng),
        };
        let founded = found(&author, &description(), &log_key, SystemClock.now(), &mut rng)
            .map_err(Failure::client("an account"))?;
        let account =
            Account::found(&founded.genesis, &founded.rotation).map_err(Failure::client("an account's chains"))?;
        let message = CreateAccount {
            genesis: Some(founded.genesis.signed().clone()),
            rotation: Some(founded.rotation.signed().clone()),
            sealed_key: Some(founded.sealed_key),
            invite: String::new(),
            lost: None,
        };
        let mut line = server.line().await?;
        line.post("/v1/accounts", &message).await?;
        let session = Session::open(server.url(), &mut line, account.roster().account(), &author).await?;
        Ok(Self { author, account, elements: BTreeMap::new(), epoch_key: founded.epoch_key, session })
    }

    /// So many accounts, one after the other.
    pub(crate) async fn several(server: &Server, count: usize) -> Result<Vec<Self>, Failure> {
        let mut devices = Vec::new();
        for _ in 0..count {
            devices.push(Self::found(server).await?);
        }
        Ok(devices)
    }

    /// Opens a session with a server that was started again, or anew where it would end soon.
    pub(crate) async fn reopen(&mut self, server: &Server) -> Result<(), Failure> {
        let mut line = server.line().await?;
        self.session = Session::open(server.url(), &mut line, self.account_id(), &self.author).await?;
        Ok(())
    }

    /// A signed GET, ready to be sent once and within a minute.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.session.request("GET", path, b"")
    }

    /// The same for a push.
    pub(crate) fn push(&self, body: &[u8]) -> Vec<u8> {
        self.session.request("POST", "/v1/commits", body)
    }

    /// A push of so many bytes whose signature is another's, as somebody has it who only saw a session's id.
    pub(crate) fn forged_push(&self, bytes: usize) -> Vec<u8> {
        let (mut request, other) = (self.push(&vec![7; bytes]), self.push(b""));
        let signature = |request: &[u8]| request.windows(SIGNATURE.len()).position(|window| window == SIGNATURE);
        if let (Some(own), Some(others)) = (signature(&request), signature(&other)) {
            let length = SIGNATURE.len() + SIGNED;
            if let (Some(own), Some(others)) = (request.get_mut(own..own + length), other.get(others..others + length))
            {
                own.copy_from_slice(others);
            }
        }
        request
    }

    /// A client that sends so many of the same GET, each signed by itself.
    pub(crate) fn getting(&self, line: Line, path: &str, count: usize) -> Client {
        Client::once(line, (0..count).map(|_| self.get(path)))
    }

    /// The pull of what came after its last commit but one.
    pub(crate) fn delta(&self) -> String {
        let (roster, vault) = (self.account.roster().seq(), self.account.vault().seq());
        format!("/v1/pull?roster_since={roster}&vault_since={}", vault.saturating_sub(1))
    }

    fn account_id(&self) -> AccountId {
        self.account.roster().account()
    }

    fn id(&self) -> MemberId {
        self.author.keys().id()
    }
}

fn description() -> DeviceDescription {
    DeviceDescription { name: "laptop".into(), platform: "linux".into(), agent: "keyfold-bench".into() }
}

const SIGNATURE: &[u8] = b"signature: keyfold=:";
/// HMAC-SHA256 in base64.
const SIGNED: usize = 44;
