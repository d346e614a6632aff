//! The last entries of a roster are kept for getting rid of a device.

use keyfold_vault::{LimitError, Limits, chains::AppendError};

use crate::{household::Household, server::Server};

#[tokio::test]
async fn a_device_cannot_use_up_the_room_that_its_removal_needs() {
    let server = Server::limited(Limits { roster_entries: 70, ..Limits::default() }).await;
    let mut ana = Household::founded(&server).await;
    let phone = ana.enrol(&server).await;
    for name in ["1", "2", "3"] {
        ana.append(&server, ana.rename(name)).await.unwrap();
    }

    for message in [ana.rename("4"), ana.rotation()] {
        let refused = ana.append(&server, message).await;
        assert!(matches!(refused, Err(AppendError::Limit(LimitError::RosterEntries(70)))), "{refused:?}");
    }
    ana.append(&server, ana.removal(phone.id())).await.unwrap();
}
