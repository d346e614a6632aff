use keyfold_crypto::{
    Hash, MemberKeys, Namespace, SigningAlgorithm, SigningKey, WrappingKey, hash, random, recovery::RecoveryCode,
};
use keyfold_ledger::author::Author;
use keyfold_wire::{MemberId, v1};

use super::World;

/// A device by its name: the same name always has the same keys.
pub(crate) fn person(name: &str) -> Author {
    let algorithm = if name.starts_with("tpm") { SigningAlgorithm::Es256 } else { SigningAlgorithm::Ed25519 };
    Author {
        signing: SigningKey::from_secret(algorithm, seed("signing", name).as_bytes()).expect("a key"),
        wrapping: WrappingKey::new(*seed("wrapping", name).as_bytes()),
    }
}

pub(crate) fn description(name: &str) -> v1::DeviceDescription {
    v1::DeviceDescription { name: name.to_owned(), platform: "linux x86_64".into(), agent: "keyfold 0.1.0".into() }
}

/// The honest server's log key.
pub(crate) fn log_key() -> SigningKey {
    person("log key").signing
}

pub(crate) fn other_log_key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Ed25519, &mut random::system())
}

impl World {
    /// A device, or what a recovery code is in this account.
    pub(crate) fn person(&self, name: &str) -> Author {
        if !name.starts_with("code") {
            return person(name);
        }
        let bits = seed("code", name).as_bytes().first_chunk().copied().expect("20 of 32 bytes");
        let keys = RecoveryCode::new(bits).keys(&self.account.roster().account()).expect("keys of a code");
        Author { signing: keys.signing, wrapping: keys.wrapping }
    }

    pub(crate) fn keys(&self, name: &str) -> MemberKeys {
        self.person(name).keys()
    }

    pub(crate) fn id(&self, name: &str) -> MemberId {
        self.keys(name).id()
    }
}

fn seed(purpose: &str, name: &str) -> Hash {
    hash(Namespace::Invite, format!("{purpose} of {name}").as_bytes())
}
