//! News of rosters come in pages, so that one that nobody can read holds up no other.

use keyfold_vault::storage::{RosterNews, RosterNewsStorage};
use sea_orm::ConnectionTrait;

use crate::{databases::on_each_place, names::account};

#[tokio::test]
async fn each_is_told_once_in_a_pass_whether_or_not_it_is_heard() {
    on_each_place(async |place| {
        let database = place.open().await;
        let mut accounts = ["ana", "ben", "eva"].map(account);
        accounts.sort();
        let inside = place.look_inside().await;
        for account in accounts {
            let row = format!("INSERT INTO roster_news VALUES ({}, 7)", place.literal(account.as_bytes()));
            inside.execute_unprepared(&row).await.unwrap();
        }
        let news = |account| RosterNews { account, roster_seq: 7 };
        let [first, second, third] = accounts.map(news);
        assert_eq!(database.roster_news(None, 2).await.unwrap(), [first, second]);
        database.heard(second).await.unwrap();
        assert_eq!(database.roster_news(Some(second.account), 2).await.unwrap(), [third]);
        assert_eq!(database.roster_news(Some(third.account), 2).await.unwrap(), []);
        assert_eq!(database.roster_news(None, 3).await.unwrap(), [first, third]);
        inside.close().await.unwrap();
        database.close().await.unwrap();
    })
    .await;
}
