//! An operator lowers the limits under an account that has more.

use keyfold_vault::{
    LimitError, Limits,
    chains::{AppendError, PushError},
};

use crate::{
    edits::{Edit, SMALL},
    household::Household,
    newcomer::Newcomer,
    server::Server,
};

async fn with_one_device_and_two_items(before: &Server) -> Server {
    before.beside_limited(Limits { devices: 1, items: 2, ..Limits::default() }).await
}

#[tokio::test]
async fn an_account_with_too_many_devices_takes_no_more_but_everything_else() {
    let before = Server::start().await;
    let mut ana = Household::founded(&before).await;
    let phone = ana.enrol(&before).await;
    let server = with_one_device_and_two_items(&before).await;

    ana.append(&server, ana.rename("Old laptop")).await.unwrap();
    ana.append(&server, ana.rotation()).await.unwrap();
    let tablet = Newcomer::begins(&server).await;
    let approval = ana.meet(&server, &tablet).await;
    let refused = ana.append(&server, ana.welcome(&tablet, &approval)).await;
    assert!(matches!(refused, Err(AppendError::Limit(LimitError::Devices(1)))), "{refused:?}");
    ana.append(&server, ana.removal(phone.id())).await.unwrap();
}

#[tokio::test]
async fn an_account_with_too_many_items_makes_no_more_but_writes_and_purges_those_it_has() {
    let before = Server::start().await;
    let mut ana = Household::founded(&before).await;
    let items = ["mail", "bank", "shop"];
    ana.push(&before, &items.map(|item| Edit::Write(item, SMALL))).await.unwrap();
    let server = with_one_device_and_two_items(&before).await;

    ana.push(&server, &[Edit::Write("mail", SMALL), Edit::Purge("bank")]).await.unwrap();
    let refused = ana.push(&server, &[Edit::Write("mail", SMALL), Edit::Write("club", SMALL)]).await;
    assert!(matches!(refused, Err(PushError::Limit(LimitError::Items(2)))), "{refused:?}");
}
