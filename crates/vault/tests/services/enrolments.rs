//! An enrolment lets one device in, once, and says the same again to whoever asks again.

use keyfold_vault::{
    chains::AppendError,
    enrolments::{AddDeviceRefused, EnrolmentError},
    storage::EnrolmentStep,
};

use crate::{
    household::{Household, description},
    newcomer::Newcomer,
    server::{MINUTE, Server},
};

#[tokio::test]
async fn each_step_is_answered_the_same_again_even_after_the_end() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let enrolments = &server.services.enrolments;
    let newcomer = Newcomer::begins(&server).await;
    let approval = ana.meet(&server, &newcomer).await;
    let welcome = ana.welcome(&newcomer, &approval);
    ana.append(&server, welcome.clone()).await.unwrap();
    let (id, completion) = (newcomer.enrolment, ana.completion(&welcome));
    enrolments.complete(&ana.caller(), id, &completion).await.unwrap();

    server.clock.advance(30 * MINUTE);
    enrolments.approve(&ana.caller(), id, &approval).await.unwrap();
    enrolments.open(id, &newcomer.opening(&approval)).await.unwrap();
    enrolments.complete(&ana.caller(), id, &completion).await.unwrap();
    // What is not the same is a step that comes too late, and what another says is not the same.
    let other = enrolments.approve(&ana.caller_of(&newcomer.phone), id, &approval).await;
    assert!(matches!(other, Err(EnrolmentError::Step)), "{other:?}");
}

#[tokio::test]
async fn once_its_device_is_in_an_enrolment_cannot_be_failed() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let newcomer = Newcomer::begins(&server).await;
    let approval = ana.meet(&server, &newcomer).await;
    let welcome = ana.welcome(&newcomer, &approval);
    ana.append(&server, welcome.clone()).await.unwrap();

    let failed = server.services.enrolments.fail(newcomer.enrolment).await;
    assert!(matches!(failed, Err(EnrolmentError::Step)), "{failed:?}");
    server.services.enrolments.complete(&ana.caller(), newcomer.enrolment, &ana.completion(&welcome)).await.unwrap();
}

#[tokio::test]
async fn the_last_word_may_come_ten_minutes_after_the_end_if_the_device_came_in_before_it() {
    for (late, taken) in [(10 * MINUTE, true), (20 * MINUTE - 1, true), (20 * MINUTE, false)] {
        let server = Server::start().await;
        let mut ana = Household::founded(&server).await;
        let newcomer = Newcomer::begins(&server).await;
        let approval = ana.meet(&server, &newcomer).await;
        let welcome = ana.welcome(&newcomer, &approval);
        ana.append(&server, welcome.clone()).await.unwrap();

        server.clock.advance(late);
        let enrolments = &server.services.enrolments;
        assert_eq!(enrolments.state(newcomer.enrolment).await.is_ok(), taken);
        let told = enrolments.complete(&ana.caller(), newcomer.enrolment, &ana.completion(&welcome)).await;
        assert_eq!(told.is_ok(), taken, "{told:?}");
        assert_eq!(enrolments.state(newcomer.enrolment).await.is_ok_and(|state| state.completion.is_some()), taken);
    }
}

#[tokio::test]
async fn an_enrolment_that_has_expired_or_failed_lets_nobody_in() {
    for failed in [true, false] {
        let server = Server::start().await;
        let mut ana = Household::founded(&server).await;
        let newcomer = Newcomer::begins(&server).await;
        let approval = ana.meet(&server, &newcomer).await;
        if failed {
            server.services.enrolments.fail(newcomer.enrolment).await.unwrap();
        } else {
            server.clock.advance(10 * MINUTE);
        }
        let refused = ana.append(&server, ana.welcome(&newcomer, &approval)).await;
        assert!(matches!(refused, Err(AppendError::Enrolment(AddDeviceRefused::Ended))), "{refused:?}");
    }
}

#[tokio::test]
async fn who_waits_for_the_last_word_is_not_woken_by_the_entry_alone() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let newcomer = Newcomer::begins(&server).await;
    let approval = ana.meet(&server, &newcomer).await;
    let welcome = ana.welcome(&newcomer, &approval);
    ana.append(&server, welcome.clone()).await.unwrap();

    let enrolments = &server.services.enrolments;
    let mut waited = false;
    let state = enrolments.wait(newcomer.enrolment, Some(EnrolmentStep::Opened), async { waited = true }).await;
    assert!(waited && state.unwrap().completion.is_none());
    enrolments.complete(&ana.caller(), newcomer.enrolment, &ana.completion(&welcome)).await.unwrap();
    let state = enrolments.wait(newcomer.enrolment, Some(EnrolmentStep::Opened), std::future::pending()).await;
    assert!(state.unwrap().completion.is_some());
}

#[tokio::test]
async fn an_approval_on_an_old_roster_is_told_where_the_account_stands() {
    let server = Server::start().await;
    let mut ana = Household::founded(&server).await;
    let newcomer = Newcomer::begins(&server).await;
    let approval = ana.approval(&newcomer);
    ana.append(&server, ana.rename("Old laptop")).await.unwrap();

    let refused = server.services.enrolments.approve(&ana.caller(), newcomer.enrolment, &approval).await;
    let Err(EnrolmentError::RosterMoved(heads)) = refused else { panic!("{refused:?}") };
    assert_eq!(heads.roster_head, ana.roster_head().to_vec());
    assert!(heads.roster_receipt.is_some());
}

#[tokio::test]
async fn a_name_that_would_mislead_the_approver_is_refused_before_it_is_shown() {
    let server = Server::start().await;
    let ana = Household::founded(&server).await;
    for name in ["", "a\u{1b}[2J", "abc\u{202e}txt"] {
        let newcomer = Newcomer::begins_as(&server, description(name)).await;
        let approval = ana.approval(&newcomer);
        let enrolments = &server.services.enrolments;
        enrolments.approve(&ana.caller(), newcomer.enrolment, &approval).await.unwrap();
        let refused = enrolments.open(newcomer.enrolment, &newcomer.opening(&approval)).await;
        assert!(matches!(refused, Err(EnrolmentError::Field(_))), "{name:?}: {refused:?}");
        assert!(enrolments.state(newcomer.enrolment).await.unwrap().opening.is_none());
    }
}

#[tokio::test]
async fn a_short_code_that_another_account_has_claimed_names_nothing_and_counts_as_a_guess() {
    let server = Server::start().await;
    let (ana, ben) = (Household::founded(&server).await, Household::founded(&server).await);
    let newcomer = Newcomer::begins(&server).await;
    let enrolments = &server.services.enrolments;
    enrolments.find(&ben.caller(), &newcomer.short_code).await.unwrap();
    ana.meet(&server, &newcomer).await;

    for _ in 0..3 {
        let found = enrolments.find(&ben.caller(), &newcomer.short_code).await;
        assert!(matches!(found, Err(EnrolmentError::Unknown)), "{found:?}");
        enrolments.find(&ana.caller(), &newcomer.short_code).await.unwrap();
    }
    let found = enrolments.find(&ben.caller(), &newcomer.short_code).await;
    assert!(matches!(found, Err(EnrolmentError::TooManyGuesses)), "{found:?}");
    enrolments.find(&ana.caller(), &newcomer.short_code).await.unwrap();
}
