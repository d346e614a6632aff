//! The schema is brought up to date, and a newer one left alone.

use keyfold_store::MigrationError;
use keyfold_vault::storage::{AccountStorage, Created, Standing};
use sea_orm::ConnectionTrait;

use crate::{
    databases::on_each_place,
    vaults::{Vault, new_account},
};

#[tokio::test]
async fn an_empty_database_is_migrated_once() {
    on_each_place(async |place| {
        let database = place.connect().await;
        assert!(!database.migrate().await.unwrap().is_empty());
        assert!(database.migrate().await.unwrap().is_empty());
        assert_eq!(database.create_account(new_account("ana")).await.unwrap(), Created::Done);
        database.close().await.unwrap();

        let database = place.connect().await;
        assert!(database.migrate().await.unwrap().is_empty());
        assert_eq!(database.create_account(new_account("ana")).await.unwrap(), Created::Exists);
    })
    .await;
}

#[tokio::test]
async fn a_database_that_a_newer_program_wrote_is_refused_and_left_as_it_is() {
    on_each_place(async |place| {
        let database = place.open().await;
        let ana = Vault::founded(&database, "ana").await;
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 1)";
        let inside = place.look_inside().await;
        inside.execute_unprepared(newer).await.unwrap();
        database.close().await.unwrap();

        let database = place.connect().await;
        match database.migrate().await {
            Err(MigrationError::Newer { migration }) => assert_eq!(migration, "m20991231_000001_later"),
            other => panic!("{other:?}"),
        }
        inside
            .execute_unprepared("DELETE FROM seaql_migrations WHERE version = 'm20991231_000001_later'")
            .await
            .unwrap();
        assert!(database.migrate().await.unwrap().is_empty());
        assert_eq!(ana.standing(&database).await, Standing::Active(ana.heads));
    })
    .await;
}

#[tokio::test]
async fn a_database_of_which_only_a_newer_programs_migration_is_known_is_not_touched() {
    on_each_place(async |place| {
        let database = place.connect().await;
        let inside = place.look_inside().await;
        inside
            .execute_unprepared(
                "CREATE TABLE seaql_migrations (version VARCHAR(255) PRIMARY KEY, applied_at BIGINT NOT NULL)",
            )
            .await
            .unwrap();
        inside
            .execute_unprepared(
                "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 1)",
            )
            .await
            .unwrap();

        assert!(matches!(database.migrate().await, Err(MigrationError::Newer { .. })));
        assert!(inside.execute_unprepared("SELECT account_id FROM accounts").await.is_err(), "no table was made");
    })
    .await;
}
