use keyfold_client::{api::Frame, enrolment::Confirmed, storage::Condition};
use keyfold_wire::v1::EnrolmentState;

use crate::world::{Device, Newcomer, World, let_in, met};

const OTHER_ENTRY: &str = "the roster holds another entry than the one agreed on";

/// A new device that both sides have agreed on, and that has yet to take the account.
async fn agreed(world: &World) -> (Newcomer, Confirmed) {
    let newcomer = Newcomer::new(&world.home).await;
    let confirmed = Box::pin(let_in(&newcomer, &world.laptop)).await.unwrap();
    (newcomer, confirmed)
}

async fn is_refused(newcomer: Newcomer, confirmed: Confirmed, because: &str) {
    let storage = newcomer.storage.clone();
    let error = newcomer.joins(confirmed).await.map(drop).unwrap_err();
    assert!(error.to_string().contains(because), "{error} does not say {because:?}");
    let condition = storage.profile().await.unwrap().unwrap().condition;
    assert_eq!(condition, Condition::Enrolling, "it is in no account");
    assert!(storage.chains().await.unwrap().entries.is_empty(), "entries were kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_07_an_account_that_the_server_names_is_not_joined() {
    let world = World::new().await;
    let newcomer = Newcomer::new(&world.home).await;
    let (opened, approval) = met(&newcomer, &world.laptop).await.unwrap();
    let candidate = approval.candidate().await.unwrap();
    candidate.checked_by_code(opened.check_code()).await.unwrap().approve().await.unwrap();
    newcomer.wire.rewrites::<EnrolmentState>("/v1/enrolments/", |state| {
        state.completion.as_mut().unwrap().account[0] ^= 1;
    });
    let error = opened.completion().await.map(drop).unwrap_err();
    assert!(error.to_string().contains("the completion names another account"), "{error}");
    assert!(newcomer.is_nobody().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_07_another_accounts_history_is_not_joined() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Ana's laptop").await;
    Box::pin(crate::world::enrolled(&world.home, &mallory)).await;
    mallory.syncs().await;
    let hers = mallory.everything().await;
    let (newcomer, confirmed) = agreed(&world).await;
    newcomer.wire.rewrites_pulls(move |frames| *frames = hers.clone());
    is_refused(newcomer, confirmed, OTHER_ENTRY).await;
}

/// A device that is in an account is shown another one under the same session.
#[tokio::test(flavor = "multi_thread")]
async fn threat_07_another_accounts_history_is_not_taken_for_its_own() {
    let mut world = World::new().await;
    let mallory = Device::founded(&world.home, "Ana's laptop").await;
    let hers = mallory.everything().await;
    world.phone.wire.rewrites_pulls(move |frames| {
        let entries = hers.iter().filter(|frame| matches!(frame, Frame::Entry(_)));
        frames.splice(1..1, entries.cloned());
    });
    world.phone.stops_for_now("forked", "another history").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_10_an_older_roster_than_the_approvers_is_not_joined() {
    let world = World::new().await;
    let (newcomer, confirmed) = agreed(&world).await;
    let notary = world.notary().await;
    newcomer.wire.rewrites_pulls(move |frames| {
        let own = frames.iter().rposition(|frame| matches!(frame, Frame::Entry(_))).unwrap();
        frames.remove(own);
        notary.signs_for(frames);
    });
    is_refused(newcomer, confirmed, OTHER_ENTRY).await;
}

/// The server says that another entry is the one by which the device came in.
#[tokio::test(flavor = "multi_thread")]
async fn threat_11_another_devices_entry_is_not_taken_for_its_own() {
    let world = World::new().await;
    let (newcomer, confirmed) = agreed(&world).await;
    let phones = world.phone.held().await.entries[2].clone();
    newcomer.wire.rewrites::<EnrolmentState>("/v1/enrolments/", move |state| {
        let completion = state.completion.as_mut().unwrap();
        (completion.seq, completion.entry_hash) = (phones.seq(), phones.hash().to_vec());
    });
    is_refused(newcomer, confirmed, OTHER_ENTRY).await;
}
