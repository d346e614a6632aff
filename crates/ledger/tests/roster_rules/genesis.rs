use keyfold_crypto::{Hash, SUITE, SigningKey, signing::SignatureError};
use keyfold_ledger::{Entry, Roster, RosterError};
use keyfold_wire::v1::{self, roster_entry::Body};

use crate::world::{Case, START, World, case, description, log_key, person};

pub(crate) fn cases() -> Vec<Case<RosterError>> {
    let not_genesis = |rule, change: fn(&mut v1::RosterEntry)| {
        let mut changed = genesis();
        change(&mut changed);
        case(rule, begins(&genesis(), "laptop"), begins(&changed, "laptop"), RosterError::NotGenesis)
    };
    vec![
        not_genesis("a genesis is entry 0", |genesis| genesis.seq = 1),
        not_genesis("nothing is before a genesis", |genesis| genesis.prev = vec![1; 32]),
        not_genesis("no commit is before a genesis", |genesis| genesis.vault_head = vec![1; 32]),
        not_genesis("a genesis is its device's", |genesis| genesis.author = person("phone").keys().id().to_vec()),
        not_genesis("an account begins with a genesis", |genesis| {
            let world = World::founded_by("laptop");
            genesis.body = Some(Body::Rotate(world.rotation(&world.members_without(&[])).rotate));
        }),
        case(
            "a genesis is signed by its device",
            begins(&genesis(), "laptop"),
            begins(&genesis(), "phone"),
            RosterError::Signature(SignatureError::Invalid),
        ),
    ]
}

fn genesis() -> v1::RosterEntry {
    let device = person("laptop").keys();
    v1::RosterEntry {
        suite: SUITE,
        seq: 0,
        prev: Hash::ZERO.to_vec(),
        author: device.id().to_vec(),
        at: START,
        vault_head: Hash::ZERO.to_vec(),
        body: Some(Body::Genesis(v1::Genesis {
            random: vec![9; 32],
            device: Some(device.to_wire()),
            description: Some(description("laptop")),
            log_key: log_key().verifying_key().as_bytes().to_vec(),
        })),
    }
}

fn begins(genesis: &v1::RosterEntry, signer: &str) -> Result<(), RosterError> {
    let signer: SigningKey = person(signer).signing;
    Roster::genesis(&Entry::parse(&signer.sign(genesis)).expect("well-formed")).map(drop)
}
