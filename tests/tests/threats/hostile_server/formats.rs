use keyfold_client::api::Frame;
use keyfold_wire::v1::{
    self, EnrolmentApproval, EnrolmentState, Receipt, RenameDevice, ServerInfo, roster_entry::Body,
};
use prost::Message;

use crate::world::{Home, Newcomer, Reply, World, claimed};

/// Commits that the laptop itself signs: only the suite is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn threat_08_a_commit_of_an_unknown_suite_is_refused() {
    let mut world = World::new().await;
    for suite in [0, 2, u32::MAX] {
        let at = world.laptop.now().await;
        let envelope = world.laptop.envelope(at, world.mail, "new mail").await;
        let honest = world.laptop.commit(at, &[(world.mail, &envelope)]).await;
        let commit = world.laptop.signing().sign(&v1::Commit { suite, ..honest });
        world.phone.wire.rewrites_pulls(move |frames| {
            frames.insert(1, Frame::Commit(commit.clone()));
            frames.insert(2, Frame::Envelope(envelope.clone()));
        });
        world.phone.stops("entry", &format!("suite {suite}, which this version does not know")).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_08_an_entry_of_an_unknown_suite_is_refused() {
    let mut world = World::new().await;
    for suite in [0, 2, u32::MAX] {
        let renames = Body::RenameDevice(RenameDevice { device: world.laptop.id().to_vec(), name: "Ana's".into() });
        let honest = world.laptop.entry(renames).await;
        let entry = world.laptop.signing().sign(&v1::RosterEntry { suite, ..honest });
        world.phone.wire.rewrites_pulls(move |frames| frames.insert(1, Frame::Entry(entry.clone())));
        world.phone.stops("entry", &format!("suite {suite}, which this version does not know")).await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_08_a_receipt_of_an_unknown_suite_is_refused() {
    let mut world = World::new().await;
    for suite in [0, 2, u32::MAX] {
        let notary = world.notary().await;
        world.phone.wire.rewrites_pulls(move |frames| {
            let Some(Frame::Heads(heads)) = frames.first_mut() else { panic!("heads come first") };
            let receipt = heads.vault_receipt.as_mut().unwrap();
            let honest = Receipt::decode(receipt.body.as_slice()).unwrap();
            *receipt = notary.key.sign(&Receipt { suite, ..honest });
        });
        world.phone.stops("receipt", "not of this version").await;
        world.phone.engine.resume().await.unwrap();
    }
    world.phone.syncs().await;
}

/// Both sides' parts of an enrolment.
#[tokio::test(flavor = "multi_thread")]
async fn threat_08_an_enrolment_of_an_unknown_suite_is_refused() {
    let world = World::new().await;
    for suite in [0, 2] {
        let newcomer = Newcomer::new(&world.home).await;
        let offered = newcomer.offers().await.unwrap();
        claimed(&world.laptop, &offered).await.unwrap();
        newcomer.wire.rewrites::<EnrolmentState>("/v1/enrolments/", move |state| {
            let approval = EnrolmentApproval::decode(state.approval.as_slice()).unwrap();
            state.approval = EnrolmentApproval { suite, ..approval }.encode_to_vec();
        });
        let error = offered.approved().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("the approval is of another version"), "{error}");
    }
}

/// What this version does not know is not read over: a salt that the server would choose, or a parameter, is a message
/// with one field more.
#[tokio::test(flavor = "multi_thread")]
async fn threat_07_a_salt_that_the_server_chooses_has_no_place_in_any_answer() {
    let mut world = World::new().await;
    for path in ["/v1/server", "/v1/enrolments"] {
        let newcomer = Newcomer::new(&world.home).await;
        newcomer.wire.changes(path, |reply| reply.body.extend(SALT));
        let error = newcomer.offers().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("makes no sense"), "{path}: {error}");
        assert!(newcomer.is_nobody().await);
    }
    let one_field_more = move |reply: &mut Reply| reply.body.extend(SALT);
    world.phone.wire.changes("/v1/sessions", one_field_more);
    world.phone.restart().await;
    world.phone.fails_for_now("not the message that this route gives").await;
    world.phone.wire.changes("/v1/pull", |reply| {
        let length = u32::try_from(SALT.len()).unwrap().to_be_bytes();
        reply.body.splice(..0, [length.as_slice(), SALT].concat());
    });
    world.phone.fails_for_now("a frame that is no frame").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_10_another_version_of_the_protocol_is_not_spoken() {
    let home = Home::start().await;
    for protocol in [0, 2] {
        let newcomer = Newcomer::new(&home).await;
        newcomer.wire.rewrites::<ServerInfo>("/v1/server", move |info| info.protocol = protocol);
        let error = newcomer.offers().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("another version of the protocol"), "{error}");
        assert!(newcomer.is_nobody().await);
    }
}

/// Field 15, four bytes.
const SALT: &[u8] = b"\x7a\x04salt";
