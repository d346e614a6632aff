use keyfold_crypto::exact::Malformed;
use keyfold_ledger::{Commit, EntryError, MAX_CHANGES};
use keyfold_wire::v1::{self, change::Content};
use prost::Message;

use crate::world::{Case, World, case};

pub(crate) fn cases() -> Vec<Case<EntryError>> {
    let world = World::of(&["laptop"]);
    let commit = world.commit("laptop", &[world.writes("mail", "1"), world.writes("bank", "1")]);
    let changed = |rule, change: fn(&mut v1::Commit), error| {
        let mut other = commit.clone();
        change(&mut other);
        case(rule, parse(&commit), parse(&other), error)
    };
    let length = EntryError::Length;
    let too_long = EntryError::Malformed(Malformed::TooLong { limit: 128 * 1024 });
    vec![
        changed("suite 0", |commit| commit.suite = 0, EntryError::UnknownSuite(0)),
        changed("suite 2", |commit| commit.suite = 2, EntryError::UnknownSuite(2)),
        changed("a commit has a bound", |commit| commit.prev = vec![0; 128 * 1024], too_long),
        changed("prev", |commit| commit.prev.push(0), length("prev")),
        changed("author", |commit| commit.author.clear(), length("author")),
        changed("roster_head", |commit| commit.roster_head.clear(), length("roster_head")),
        changed("set_hash", |commit| commit.set_hash.truncate(31), length("set_hash")),
        changed("item", |commit| commit.changes[0].item.push(0), length("item")),
        changed("envelope", |commit| envelope(commit, vec![1; 31]), length("envelope_hash")),
        changed("a change is something", |commit| commit.changes[0].content = None, EntryError::Missing("content")),
        changed("half a tombstone", half_a_tombstone, EntryError::Missing("content")),
        changed("nothing changes", |commit| commit.changes.clear(), EntryError::Order),
        changed("changes descend", |commit| commit.changes.reverse(), EntryError::Order),
        changed("an item twice", |commit| commit.changes[1].item = commit.changes[0].item.clone(), EntryError::Order),
        changed("too many changes", |commit| commit.changes = changes(MAX_CHANGES + 1), EntryError::TooMany),
    ]
}

/// As many changes as there may be, with numbers as long as there may be.
pub(crate) fn largest() -> v1::Signed {
    let world = World::of(&["laptop"]);
    let commit = world.commit("laptop", &[world.writes("mail", "1")]);
    let (changes, last) = (changes(MAX_CHANGES), u64::MAX);
    let commit = v1::Commit { seq: last, at: last, epoch: last, count: last, changes, ..commit };
    world.person("laptop").signing.sign(&commit)
}

fn changes(count: usize) -> Vec<v1::Change> {
    (0..count)
        .map(|number| v1::Change {
            item: [vec![0; 8], number.to_be_bytes().to_vec()].concat(),
            revision: u64::MAX,
            content: Some(Content::EnvelopeHash(vec![1; 32])),
        })
        .collect()
}

fn envelope(commit: &mut v1::Commit, hash: Vec<u8>) {
    commit.changes[0].content = Some(Content::EnvelopeHash(hash));
}

fn half_a_tombstone(commit: &mut v1::Commit) {
    commit.changes[0].content = Some(Content::Tombstone(false));
}

fn parse(commit: &v1::Commit) -> Result<(), EntryError> {
    Commit::parse(&v1::Signed { body: commit.encode_to_vec(), signature: Vec::new() }).map(drop)
}
