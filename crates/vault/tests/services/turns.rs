//! A device whose entries come too late because others write without end gets a turn.

use std::time::Duration;

use keyfold_vault::chains::{AppendError, NotItsTurn, PushError};
use keyfold_wire::v1::AppendEntry;

use crate::{
    edits::{Edit, SMALL},
    household::{Household, device},
    server::{SECOND, Server},
};

const WRITE: [Edit<'static>; 1] = [Edit::Write("mail", SMALL)];

/// Ana's account as her laptop sees it, and as her phone does.
async fn laptop_and_phone(server: &Server) -> (Household, Household) {
    let mut laptop = Household::founded(server).await;
    let phone = laptop.enrol(server).await.phone;
    let phone = laptop.seen_by(phone);
    (laptop, phone)
}

/// The laptop writes just before the phone's entry arrives.
async fn comes_too_late(server: &Server, laptop: &mut Household, phone: &mut Household, entry: AppendEntry) {
    laptop.push(server, &WRITE).await.unwrap();
    phone.catches_up_with(laptop);
    let refused = server.services.chains.append(&phone.caller(), entry).await;
    assert!(matches!(refused, Err(AppendError::Stale(_))), "{refused:?}");
}

fn waits<T: std::fmt::Debug>(refused: Result<T, PushError>) -> Duration {
    match refused {
        Err(PushError::NotItsTurn(NotItsTurn(wait))) => wait,
        went => panic!("it did not have to wait: {went:?}"),
    }
}

#[tokio::test]
async fn threat_removal_who_comes_too_late_twice_has_a_turn_until_its_entry_is_in() {
    let server = Server::start().await;
    let (mut laptop, mut phone) = laptop_and_phone(&server).await;
    let entry = phone.rename("Pocket");
    comes_too_late(&server, &mut laptop, &mut phone, entry).await;
    let entry = phone.rename("Pocket");
    comes_too_late(&server, &mut laptop, &mut phone, entry).await;

    assert_eq!(waits(laptop.push(&server, &WRITE).await), Duration::from_secs(5));
    let rotation = laptop.rotation();
    let refused = laptop.append(&server, rotation).await;
    assert!(matches!(refused, Err(AppendError::NotItsTurn(_))), "{refused:?}");
    // Another server knows as well.
    server.clock.advance(SECOND);
    let other = server.beside(crate::server::settings()).await;
    assert_eq!(waits(laptop.push(&other, &WRITE).await), Duration::from_secs(4));

    phone.push(&server, &WRITE).await.unwrap();
    let renamed = phone.rename("Pocket");
    phone.append(&server, renamed).await.unwrap();
    laptop.catches_up_with(&phone);
    laptop.push(&server, &WRITE).await.unwrap();
}

#[tokio::test]
async fn threat_removal_who_removes_somebody_has_a_turn_at_once_and_does_not_wait_for_others() {
    let server = Server::start().await;
    let (mut laptop, mut phone) = laptop_and_phone(&server).await;
    for _ in 0..2 {
        let entry = laptop.rename("Desk");
        comes_too_late(&server, &mut phone, &mut laptop, entry).await;
    }
    assert_eq!(waits(phone.push(&server, &WRITE).await), Duration::from_secs(5));
    // The laptop's turn is for a name; the phone's is to remove somebody.
    let removal = phone.removal(laptop.laptop.keys().id());
    laptop.push(&server, &WRITE).await.unwrap();
    phone.catches_up_with(&laptop);
    let late = server.services.chains.append(&phone.caller(), removal).await;
    assert!(matches!(late, Err(AppendError::Stale(_))), "{late:?}");
    assert_eq!(waits(laptop.push(&server, &WRITE).await), Duration::from_secs(5));
    let removal = phone.removal(laptop.laptop.keys().id());
    phone.append(&server, removal).await.unwrap();
    assert!(matches!(laptop.push(&server, &WRITE).await, Err(PushError::NotAMember)));
}

#[tokio::test]
async fn threat_removal_a_turn_that_is_not_used_ends_by_itself_and_does_not_come_again_within_a_minute() {
    let server = Server::start().await;
    let (mut laptop, mut phone) = laptop_and_phone(&server).await;
    for _ in 0..3 {
        let removal = phone.removal(laptop.laptop.keys().id());
        server.clock.advance(5 * SECOND);
        comes_too_late(&server, &mut laptop, &mut phone, removal).await;
    }
    laptop.push(&server, &WRITE).await.unwrap();
}

/// Whoever has a session of the phone, and not its keys, keeps nobody from writing.
#[tokio::test]
async fn threat_removal_an_entry_that_is_not_its_senders_own_gets_no_turn() {
    let server = Server::start().await;
    let (mut laptop, mut phone) = laptop_and_phone(&server).await;
    let thief = phone.seen_by(device());
    let stranger = thief.removal(laptop.laptop.keys().id());
    let anothers = laptop.removal(phone.laptop.keys().id());
    for entry in [stranger, anothers] {
        comes_too_late(&server, &mut laptop, &mut phone, entry).await;
    }
    laptop.push(&server, &WRITE).await.unwrap();
}
