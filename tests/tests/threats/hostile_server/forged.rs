use keyfold_client::{SigningAlgorithm, api::Frame, device::DeviceKeys, vault::Held};
use keyfold_crypto::{epoch::SealContext, epoch::sealed_hash, random};
use keyfold_wire::v1::{
    AddDevice, AddRecovery, DeviceDescription, EnrolmentTranscript, JoinTenant, RecoveryBegin, RecoveryMember,
    RenameDevice, ReplaceLogKey, RosterEntry, Signed, add_device::Transcript, roster_entry::Body,
};

use crate::world::{Device, Notary, World};

const SIGNATURE: &str = "signature does not verify";
const STRANGER: &str = "author is not an active member";

fn servers_own() -> DeviceKeys {
    DeviceKeys::generate(SigningAlgorithm::Ed25519, &mut random::system())
}

fn description() -> Option<DeviceDescription> {
    Some(DeviceDescription { name: "Ana's laptop".into(), platform: "linux".into(), agent: "keyfold".into() })
}

/// The entry that lets the server's device in, over a transcript that says that `approver` agreed to it.
fn lets_in(held: &Held, approver: &[u8], intruder: &DeviceKeys) -> Body {
    let transcript = EnrolmentTranscript {
        suite: 1,
        enrolment: vec![5; 16],
        account: held.roster.account().to_vec(),
        log_key: held.roster.log_key().as_bytes().to_vec(),
        approver: approver.to_vec(),
        roster_head: held.roster.head().to_vec(),
        device: Some(intruder.public().to_wire()),
        description: description(),
        device_nonce: vec![6; 32],
        approver_nonce: vec![7; 32],
    };
    let signed = intruder.author.signing.sign(&transcript);
    let transcript = Some(Transcript::Enrolment(signed.body));
    Body::AddDevice(AddDevice { transcript, signature: signed.signature, sealed_key_hash: vec![8; 32] })
}

/// Puts an entry behind the roster that the device is shown, and signs for the head that this makes.
fn shows(device: &Device, notary: Notary, entry: Signed) {
    device.wire.rewrites_pulls(move |frames| {
        frames.insert(1, Frame::Entry(entry.clone()));
        notary.signs_for(frames);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_12_a_device_that_the_server_inserts_stops_the_sync() {
    let mut world = World::new().await;
    let (intruder, held) = (servers_own(), world.laptop.held().await);
    let in_its_name = world.laptop.entry(lets_in(&held, world.laptop.id().as_bytes(), &intruder)).await;
    let id = intruder.id().to_vec();
    let in_its_own = RosterEntry {
        author: id.clone(),
        body: Some(lets_in(&held, &id, &intruder)),
        ..world.laptop.entry(lets_in(&held, &id, &intruder)).await
    };
    for (entry, because) in [(in_its_name, SIGNATURE), (in_its_own, STRANGER)] {
        shows(&world.phone, world.notary().await, intruder.author.signing.sign(&entry));
        world.phone.stops("rule", because).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
    let status = world.phone.vault().local().status().await.unwrap();
    assert_eq!(status.devices.len(), 2);
}

/// What the server would have the account agree to without anybody's confirmation.
#[tokio::test(flavor = "multi_thread")]
async fn threat_15_nothing_joins_an_account_by_the_servers_word_alone() {
    let mut world = World::new().await;
    let (server, laptop) = (servers_own(), world.laptop.id().to_vec());
    let keys = Some(server.public().to_wire());
    let member = Some(RecoveryMember { keys: keys.clone(), delay: 0, lookup_hash: vec![7; 32] });
    for body in [
        Body::JoinTenant(JoinTenant { tenant: vec![9; 16], name: "Ana's employer".into() }),
        Body::AddRecovery(AddRecovery { member, sealed_key_hash: vec![8; 32] }),
        Body::RecoveryBegin(RecoveryBegin { device: keys, description: description() }),
        Body::ReplaceLogKey(ReplaceLogKey { log_key: server.author.signing.verifying_key().as_bytes().to_vec() }),
        Body::RenameDevice(RenameDevice { device: laptop, name: "Ana's old laptop".into() }),
    ] {
        let in_its_name = world.laptop.entry(body).await;
        let in_its_own = RosterEntry { author: server.id().to_vec(), ..in_its_name.clone() };
        for (entry, because) in [(in_its_name, SIGNATURE), (in_its_own, STRANGER)] {
            shows(&world.phone, world.notary().await, server.author.signing.sign(&entry));
            world.phone.stops("rule", because).await;
            world.phone.engine.resume().await.unwrap();
        }
    }
    world.phone.syncs().await;
    let roster = world.phone.held().await.roster;
    assert!(roster.tenants().is_empty() && roster.recovery().is_none() && roster.members().len() == 2);
}

/// The server knows a member's public key and may seal to it what it likes; the entry that would say so is not a
/// member's.
#[tokio::test(flavor = "multi_thread")]
async fn threat_14_an_epoch_that_the_server_begins_stops_the_sync() {
    let mut world = World::new().await;
    let (server, notary) = (servers_own(), world.notary().await);
    let theirs = world.laptop.rotation(&world.laptop.members_without(&[]).await).await;
    let entry = world.laptop.entry(Body::Rotate(theirs.rotate)).await;
    shows(&world.phone, notary, server.author.signing.sign(&entry));
    world.phone.stops_for_now("rule", SIGNATURE).await;
}

/// Keys of a recovery member that the server would put in the place of the user's.
#[tokio::test(flavor = "multi_thread")]
async fn threat_11_nothing_is_sealed_to_a_recovery_key_that_the_server_exchanged() {
    let mut world = World::new().await;
    let (theirs, held) = (servers_own(), world.laptop.held().await);
    let users = servers_own();
    let (epoch, key) = world.laptop.epoch_key().await;
    let context = SealContext { account: held.roster.account(), epoch, member: users.id(), prev: held.roster.head() };
    let sealed = key.seal(users.public().wrapping(), &context, &mut random::system());
    let adds = |keys: &DeviceKeys| {
        let member = Some(RecoveryMember { keys: Some(keys.public().to_wire()), delay: 0, lookup_hash: vec![7; 32] });
        Body::AddRecovery(AddRecovery { member, sealed_key_hash: sealed_hash(&sealed).to_vec() })
    };
    let honest = world.laptop.signing().sign(&world.laptop.entry(adds(&users)).await);
    let exchanged = prost::Message::encode_to_vec(&world.laptop.entry(adds(&theirs)).await);
    let exchanged = Signed { body: exchanged, signature: honest.signature };
    shows(&world.phone, world.notary().await, exchanged);
    world.phone.stops_for_now("rule", SIGNATURE).await;
    assert!(world.phone.held().await.roster.recovery().is_none());
}
