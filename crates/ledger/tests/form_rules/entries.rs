use keyfold_crypto::{MemberKeysError, exact::Malformed};
use keyfold_ledger::{DescriptionError, Entry, EntryError, MAX_DEVICES, MAX_LINKS, MAX_RECOVERY_DELAY};
use keyfold_wire::v1::{
    self, AddRecovery, EnrolmentTranscript, Genesis, JoinTenant, LeaveTenant, RecoveryBegin, RecoveryCancel,
    RecoveryTranscript, RenameDevice, ReplaceLogKey, RosterEntry, add_device::Transcript, roster_entry::Body,
};
use prost::Message;

use crate::world::{Case, HOUR, World, case, recovery_transcript_of, rotation_in};

/// An entry of each kind that has lists or keys.
struct Sample {
    world: World,
    genesis: RosterEntry,
    rotation: RosterEntry,
    removal: RosterEntry,
    approval: RosterEntry,
    recovery: RosterEntry,
    recovery_begin: RosterEntry,
    recovery_end: RosterEntry,
}

impl Sample {
    fn new() -> Self {
        let mut world = World::of(&["laptop", "phone", "tablet"]);
        world.rotate("laptop");
        let rotation = world.entry("laptop", Body::Rotate(world.rotation(&world.members_without(&[])).rotate));
        let removal = world.entry("laptop", Body::Remove(world.removal(&["phone", "tablet"]).0));
        let approval = world.approval("watch", &world.transcript("laptop", "watch"));
        let approval = world.entry("laptop", Body::AddDevice(approval));
        let recovery = world.entry("laptop", Body::AddRecovery(world.add_recovery("code", HOUR)));
        let recovery_begin = world.entry("code", Body::RecoveryBegin(world.recovery_begin("watch")));
        let end = world.recovery_end("watch", &keyfold_crypto::Hash::new([1; 32]));
        let recovery_end = world.entry("code", Body::AddDevice(end));
        let genesis = RosterEntry::decode(world.entries[0].signed().body.as_slice()).expect("decodes");
        Self { world, genesis, rotation, removal, approval, recovery, recovery_begin, recovery_end }
    }
}

pub(crate) fn frame() -> Vec<Case<EntryError>> {
    let entry = Sample::new().rotation;
    let length = |rule, change: fn(&mut RosterEntry)| changed(rule, &entry, change, EntryError::Length(rule));
    vec![
        changed("suite 0", &entry, |entry| entry.suite = 0, EntryError::UnknownSuite(0)),
        changed("suite 2", &entry, |entry| entry.suite = 2, EntryError::UnknownSuite(2)),
        changed("an entry says something", &entry, |entry| entry.body = None, EntryError::Missing("body")),
        changed(
            "an entry has a bound",
            &entry,
            |entry| entry.prev = vec![0; 32 * 1024],
            EntryError::Malformed(Malformed::TooLong { limit: 32 * 1024 }),
        ),
        length("prev", |entry| entry.prev.truncate(31)),
        length("prev", |entry| entry.prev.clear()),
        length("author", |entry| entry.author.push(0)),
        length("vault_head", |entry| entry.vault_head.push(0)),
    ]
}

pub(crate) fn bodies() -> Vec<Case<EntryError>> {
    let sample = Sample::new();
    let says = |body| sample.world.entry("laptop", body);
    let id = || vec![1; 16];
    let key = sample.world.account.roster().log_key().as_bytes().to_vec();
    let instead = |rule, stands: Body, other: Body, error| case(rule, parse(&says(stands)), parse(&says(other)), error);
    let named = |name: &str| Body::RenameDevice(RenameDevice { device: id(), name: name.into() });
    let tenant = |tenant, name: &str| Body::JoinTenant(JoinTenant { tenant, name: name.into() });
    let leave = |tenant| Body::LeaveTenant(LeaveTenant { tenant });
    let cancel = |begin| Body::RecoveryCancel(RecoveryCancel { begin });
    let replace = |log_key| Body::ReplaceLogKey(ReplaceLogKey { log_key });
    let of_no_device = Body::RenameDevice(RenameDevice { device: vec![1; 15], name: "Ana's".into() });
    let (length, name) = (EntryError::Length, EntryError::Description(DescriptionError));
    vec![
        instead("a device has a name", named("Ana's"), named(""), name),
        instead("a name is one line", named("Ana's"), named("Ana's\n"), name),
        instead("a name has a bound", named(&"x".repeat(64)), named(&"x".repeat(65)), name),
        instead("a renamed device", named("Ana's"), of_no_device, length("device")),
        instead("a tenant has a name", tenant(id(), "Firm"), tenant(id(), " "), name),
        instead("a tenant that is joined", tenant(id(), "Firm"), tenant(vec![1; 17], "Firm"), length("tenant")),
        instead("a tenant that is left", leave(id()), leave(vec![]), length("tenant")),
        instead("a recovery that is cancelled", cancel(vec![1; 32]), cancel(vec![1; 31]), length("begin")),
        instead("a log key", replace(key.clone()), replace(key[1..].to_vec()), length("log_key")),
        changed("random", &sample.genesis, |entry| genesis(entry).random = vec![1; 31], length("random")),
        changed("log_key", &sample.genesis, |entry| genesis(entry).log_key.clear(), length("log_key")),
        changed("commitment", &sample.rotation, |entry| rotation_in(entry).commitment.push(0), length("commitment")),
        changed("member", &sample.rotation, |entry| rotation_in(entry).sealed[0].member.push(0), length("member")),
        changed("sealed", &sample.removal, |entry| rotation_in(entry).sealed[0].hash.clear(), length("hash")),
        changed("links", &sample.removal, |entry| rotation_in(entry).links[0].hash.clear(), length("hash")),
        changed("members", &sample.removal, |entry| removal(entry).members[0].push(0), length("members")),
        changed("rotation", &sample.removal, |entry| removal(entry).rotation = None, EntryError::Missing("rotation")),
        changed(
            "a sealed key",
            &sample.approval,
            |entry| approval(entry).sealed_key_hash.push(0),
            length("sealed_key_hash"),
        ),
        changed(
            "a code's sealed key",
            &sample.recovery,
            |entry| recovery(entry).sealed_key_hash.clear(),
            length("sealed_key_hash"),
        ),
        changed(
            "a code's member",
            &sample.recovery,
            |entry| recovery(entry).member = None,
            EntryError::Missing("member"),
        ),
        changed(
            "a code's delay",
            &sample.recovery,
            |entry| code(entry).delay = MAX_RECOVERY_DELAY + 1,
            EntryError::Delay,
        ),
        case(
            "30 days",
            parse(&sample.recovery),
            parse(&with(&sample.recovery, |entry| code(entry).delay = u64::MAX)),
            EntryError::Delay,
        ),
    ]
}

/// Wherever a member comes in, it has keys; wherever a device comes in, it has names that can be read.
pub(crate) fn keys_and_names() -> Vec<Case<EntryError>> {
    let sample = Sample::new();
    type Place<T> = fn(&mut RosterEntry) -> &mut Option<T>;
    let keys: [(&RosterEntry, Place<v1::MemberKeys>); 3] = [
        (&sample.genesis, |entry| &mut genesis(entry).device),
        (&sample.recovery_begin, |entry| &mut begin(entry).device),
        (&sample.recovery, |entry| &mut code(entry).keys),
    ];
    let mut cases = Vec::new();
    for (entry, place) in keys {
        type Change = fn(&mut v1::MemberKeys);
        let wrong: [(&'static str, Change, MemberKeysError); 6] = [
            ("an unspecified algorithm", |keys| keys.algorithm = 0, MemberKeysError::Signing),
            ("an unknown algorithm", |keys| keys.algorithm = 3, MemberKeysError::Signing),
            ("another algorithm's key", |keys| keys.algorithm = 2, MemberKeysError::Signing),
            ("a short signing key", |keys| keys.signing_key.truncate(31), MemberKeysError::Signing),
            ("a long wrapping key", |keys| keys.wrapping_key.push(0), MemberKeysError::Wrapping),
            ("a wrapping key out of range", |keys| keys.wrapping_key[..384].fill(0xff), MemberKeysError::Wrapping),
        ];
        for (rule, change, error) in wrong {
            let change = |entry: &mut RosterEntry| change(place(entry).as_mut().expect("keys"));
            cases.push(changed(rule, entry, change, error.into()));
        }
        cases.push(changed("no keys", entry, |entry| *place(entry) = None, MemberKeysError::Missing.into()));
    }
    let names: [(&RosterEntry, Place<v1::DeviceDescription>); 2] = [
        (&sample.genesis, |entry| &mut genesis(entry).description),
        (&sample.recovery_begin, |entry| &mut begin(entry).description),
    ];
    for (entry, place) in names {
        type Change = fn(&mut v1::DeviceDescription);
        let wrong: [Change; 3] = [
            |description| description.name = "\u{202e}txt".into(),
            |description| description.platform.clear(),
            |description| description.agent = "a\u{200b}b".into(),
        ];
        for change in wrong {
            let change = |entry: &mut RosterEntry| change(place(entry).as_mut().expect("a description"));
            cases.push(changed("a misleading name", entry, change, DescriptionError.into()));
        }
        cases.push(changed("no name", entry, |entry| *place(entry) = None, DescriptionError.into()));
    }
    cases
}

/// Every list ascends without repetition and has a bound.
pub(crate) fn lists() -> Vec<Case<EntryError>> {
    let sample = Sample::new();
    let (rotation, removal_entry) = (&sample.rotation, &sample.removal);
    let twice = |rotate: &mut v1::Rotate| rotate.sealed.push(rotate.sealed.last().cloned().expect("a member"));
    vec![
        changed("members descend", removal_entry, |entry| removal(entry).members.reverse(), EntryError::Order),
        changed("a member twice", removal_entry, |entry| first_twice(&mut removal(entry).members), EntryError::Order),
        changed("no member", removal_entry, |entry| removal(entry).members.clear(), EntryError::Order),
        changed(
            "too many members",
            removal_entry,
            |entry| removal(entry).members = ids(MAX_DEVICES + 2),
            EntryError::TooMany,
        ),
        changed("keys descend", rotation, |entry| rotation_in(entry).sealed.reverse(), EntryError::Order),
        changed("a key twice", rotation, |entry| twice(rotation_in(entry)), EntryError::Order),
        changed(
            "too many keys",
            rotation,
            |entry| rotation_in(entry).sealed = keys(MAX_DEVICES + 2),
            EntryError::TooMany,
        ),
        changed("a link twice", rotation, |entry| rotation_in(entry).links = vec![link(1), link(1)], EntryError::Order),
        changed(
            "links descend",
            rotation,
            |entry| rotation_in(entry).links = vec![link(2), link(1)],
            EntryError::Order,
        ),
        changed(
            "too many links",
            rotation,
            |entry| rotation_in(entry).links = links(MAX_LINKS + 1),
            EntryError::TooMany,
        ),
    ]
}

pub(crate) fn transcripts() -> Vec<Case<EntryError>> {
    let sample = Sample::new();
    let missing = EntryError::Missing("transcript");
    let mut cases = vec![changed("a transcript", &sample.approval, |entry| approval(entry).transcript = None, missing)];

    let enrolment = |rule, change: fn(&mut EnrolmentTranscript), error| {
        let mut transcript = sample.world.transcript("laptop", "watch");
        change(&mut transcript);
        let bytes = Transcript::Enrolment(transcript.encode_to_vec());
        changed(rule, &sample.approval, move |entry| approval(entry).transcript = Some(bytes), error)
    };
    let length = EntryError::Length;
    cases.extend([
        enrolment("suite", |transcript| transcript.suite = 2, EntryError::UnknownSuite(2)),
        enrolment("enrolment", |transcript| transcript.enrolment.clear(), length("enrolment")),
        enrolment("account", |transcript| transcript.account.clear(), length("account")),
        enrolment("approver", |transcript| transcript.approver.clear(), length("approver")),
        enrolment("roster_head", |transcript| transcript.roster_head.clear(), length("roster_head")),
        enrolment("device_nonce", |transcript| transcript.device_nonce.truncate(31), length("nonce")),
        enrolment("approver_nonce", |transcript| transcript.approver_nonce.push(0), length("nonce")),
        enrolment("no keys", |transcript| transcript.device = None, MemberKeysError::Missing.into()),
        enrolment("no name", |transcript| transcript.description = None, DescriptionError.into()),
    ]);

    let recovery = |rule, change: fn(&mut RecoveryTranscript), error| {
        let mut entry = sample.recovery_end.clone();
        let mut transcript = recovery_transcript_of(approval(&mut entry));
        change(&mut transcript);
        let bytes = Transcript::Recovery(transcript.encode_to_vec());
        changed(rule, &sample.recovery_end, move |entry| approval(entry).transcript = Some(bytes), error)
    };
    cases.extend([
        recovery("suite", |transcript| transcript.suite = 0, EntryError::UnknownSuite(0)),
        recovery("account", |transcript| transcript.account.clear(), length("account")),
        recovery("begin", |transcript| transcript.begin.push(0), length("begin")),
        recovery("no keys", |transcript| transcript.device = None, MemberKeysError::Missing.into()),
    ]);

    let not_canonical = |bytes: Vec<u8>| [bytes.as_slice(), &[0x08, 1]].concat();
    let other = EntryError::Malformed(Malformed::NotCanonical);
    let twice = not_canonical(sample.world.transcript("laptop", "watch").encode_to_vec());
    let twice = |entry: &mut RosterEntry| approval(entry).transcript = Some(Transcript::Enrolment(twice));
    cases.push(changed("a transcript's one form", &sample.approval, twice, other));
    cases
}

/// A removal of all but one device of a full account, which links as many epochs as it may.
pub(crate) fn largest() -> v1::Signed {
    let world = World::of(&["laptop"]);
    let rotation = v1::Rotate {
        epoch: u64::MAX,
        commitment: vec![1; 32],
        sealed: keys(MAX_DEVICES + 1),
        links: (u64::MAX - 256..u64::MAX).map(link).collect(),
    };
    let members = ids(MAX_DEVICES + 1);
    let replacement = Some(world.recovery_member("code", MAX_RECOVERY_DELAY));
    let remove = v1::Remove { members, rotation: Some(rotation), replacement };
    let entry = RosterEntry { seq: u64::MAX, at: u64::MAX, ..world.entry("laptop", Body::Remove(remove)) };
    world.person("laptop").signing.sign(&entry)
}

fn changed(
    rule: &'static str,
    entry: &RosterEntry,
    change: impl FnOnce(&mut RosterEntry),
    error: EntryError,
) -> Case<EntryError> {
    case(rule, parse(entry), parse(&with(entry, change)), error)
}

fn with(entry: &RosterEntry, change: impl FnOnce(&mut RosterEntry)) -> RosterEntry {
    let mut entry = entry.clone();
    change(&mut entry);
    entry
}

fn parse(entry: &RosterEntry) -> Result<(), EntryError> {
    Entry::parse(&v1::Signed { body: entry.encode_to_vec(), signature: Vec::new() }).map(drop)
}

macro_rules! body {
    ($name:ident: $kind:ident($message:ty)) => {
        fn $name(entry: &mut RosterEntry) -> &mut $message {
            match &mut entry.body {
                Some(Body::$kind(body)) => body,
                _ => panic!("another body"),
            }
        }
    };
}

body!(genesis: Genesis(Genesis));
body!(removal: Remove(v1::Remove));
body!(approval: AddDevice(v1::AddDevice));
body!(recovery: AddRecovery(AddRecovery));
body!(begin: RecoveryBegin(RecoveryBegin));

fn code(entry: &mut RosterEntry) -> &mut v1::RecoveryMember {
    recovery(entry).member.as_mut().expect("a member")
}

fn first_twice(members: &mut Vec<Vec<u8>>) {
    members.insert(0, members[0].clone());
}

fn ids(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| [vec![0; 8], number.to_be_bytes().to_vec()].concat()).collect()
}

fn keys(count: usize) -> Vec<v1::SealedKeyHash> {
    ids(count).into_iter().map(|member| v1::SealedKeyHash { member, hash: vec![1; 32] }).collect()
}

fn link(epoch: u64) -> v1::LinkHash {
    v1::LinkHash { epoch, hash: vec![1; 32] }
}

fn links(count: usize) -> Vec<v1::LinkHash> {
    (1..).take(count).map(link).collect()
}
