use std::time::Duration;

use keyfold_client::enrolment::EnrolmentError;
use keyfold_wire::v1::{EnrolmentApproval, EnrolmentOpening, EnrolmentState};
use prost::Message;

use super::enrolment::nobody_was_let_in;
use crate::world::{Device, Newcomer, Reply, World, claimed, met};

/// The approver's part is changed on its way to the new device, and the server lets what follows from that pass.
#[tokio::test(flavor = "multi_thread")]
async fn threat_19_an_approval_that_is_changed_on_the_way_is_noticed() {
    let world = World::new().await;
    let changes: [fn(&mut EnrolmentApproval); 3] = [
        |approval| approval.account[0] ^= 1,
        |approval| approval.roster_head[0] ^= 1,
        |approval| approval.approver_nonce[0] ^= 1,
    ];
    for change in changes {
        let newcomer = Newcomer::new(&world.home).await;
        let offered = newcomer.offers().await.unwrap();
        let enrolment = offered.qr().unwrap().enrolment;
        let approval = claimed(&world.laptop, &offered).await.unwrap();
        newcomer.wire.rewrites::<EnrolmentState>("/v1/enrolments/", move |state| {
            let mut approval = EnrolmentApproval::decode(state.approval.as_slice()).unwrap();
            change(&mut approval);
            state.approval = approval.encode_to_vec();
        });
        newcomer.wire.answers(|request| request.path.ends_with("/opening").then(Reply::done));
        drop(offered.approved().await.unwrap());
        let opening = EnrolmentOpening::decode(newcomer.wire.last_sent("/opening").as_slice()).ok();
        let state = newcomer.api.enrolment(enrolment, "begun", Duration::ZERO).await.unwrap();
        let state = EnrolmentState { opening, ..state }.encode_to_vec();
        world.laptop.wire.answers(move |request| {
            request.path.contains("known=approved").then(|| Reply { status: 200, body: state.clone() })
        });
        let error = approval.candidate().await.map(drop).unwrap_err();
        assert!(error.to_string().contains("the new device did not sign this enrolment"), "{error}");
        world.laptop.wire.is_honest();
    }
    nobody_was_let_in(&world, 3).await;
}

/// Mallory has an account of her own here. She takes the new device into it, and gives Ana's laptop one of hers to
/// approve: each side has an honest enrolment before it, but not the same.
#[tokio::test(flavor = "multi_thread")]
async fn threat_19_another_accounts_enrolment_is_approved_by_nobody() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Ana's laptop").await;
    let (newcomer, hers) = (Newcomer::new(&world.home).await, Newcomer::new(&world.home).await);
    let (offered, offered_by_her) = (newcomer.offers().await.unwrap(), hers.offers().await.unwrap());

    let other = offered_by_her.qr().unwrap().enrolment;
    let other = newcomer.api.enrolment(other, "begun", Duration::ZERO).await.unwrap().encode_to_vec();
    world.laptop.wire.answers(move |request| {
        request.path.starts_with("/v1/enrolments?code=").then(|| Reply { status: 200, body: other.clone() })
    });
    let by_mallory = claimed(&mallory, &offered).await.unwrap();
    let by_ana = claimed(&world.laptop, &offered).await.unwrap();
    let (opened, opened_by_her) = (offered.approved().await.unwrap(), offered_by_her.approved().await.unwrap());
    let (at_mallorys, at_anas) = (by_mallory.candidate().await.unwrap(), by_ana.candidate().await.unwrap());

    let shown_on_the_laptop = at_anas.check_code().unwrap();
    let refused = at_anas.checked_by_code(opened.check_code()).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongCode), "{refused}");
    drop((at_mallorys, opened_by_her));
    let refused = opened.confirm_typed(shown_on_the_laptop).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongCode), "{refused}");
    nobody_was_let_in(&world, 1).await;
    assert!(newcomer.is_nobody().await);
}

/// Mallory approves in earnest, but she never saw the QR code.
#[tokio::test(flavor = "multi_thread")]
async fn threat_19_an_approver_that_has_not_seen_the_qr_code_is_not_believed() {
    let world = World::new().await;
    let mallory = Device::founded(&world.home, "Ana's laptop").await;
    let newcomer = Newcomer::new(&world.home).await;
    let (opened, approval) = met(&newcomer, &mallory).await.unwrap();
    let candidate = approval.candidate().await.unwrap();
    candidate.checked_by_code(opened.check_code()).await.unwrap().approve().await.unwrap();
    newcomer.wire.rewrites::<EnrolmentState>("/v1/enrolments/", |state| {
        state.completion.as_mut().unwrap().mac = vec![7; 32];
    });
    let completion = opened.completion().await.unwrap();
    let refused = opened.confirm_qr(completion).await.map(drop).unwrap_err();
    assert!(matches!(refused, EnrolmentError::WrongMac), "{refused}");
    assert!(newcomer.is_nobody().await);
}
