use std::path::Path;

use keyfold_tests::{Device, Server, exit};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

#[test]
fn a_database_that_a_newer_server_has_migrated_is_refused_and_left_alone() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    server.stop();
    behind(&server, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_newer', 0)");

    for command in [&["serve"][..], &["migrate"], &["invite", "create"], &["invite", "list"]] {
        let mut arguments = vec!["--log-level", "error"];
        arguments.extend(command);
        let line = server.command(&arguments).server_line();
        assert!(line.contains("newer"), "{line}");
    }

    behind(&server, "DELETE FROM seaql_migrations WHERE version = 'm20991231_000001_newer'");
    server.restart();
    a.ok(&["sync"]);
}

#[test]
fn a_profile_that_a_newer_program_has_written_is_refused_and_left_alone() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let profile = a.profile_folder().join("profile.sqlite3");
    let schema = schema_of(&profile, None);
    schema_of(&profile, Some(1000));
    for command in [&["status"][..], &["sync"], &["passkey", "list"]] {
        let detail = a.fails(exit::STORAGE, command);
        assert!(detail.contains("newer keyfold") && detail.ends_with("update keyfold"), "{detail}");
    }
    schema_of(&profile, Some(schema));
    a.ok(&["sync"]);
}

#[test]
fn migrating_is_done_once() {
    let mut server = Server::start();
    server.stop();
    let again = server.command(&["migrate", "--log-level", "error"]);
    assert_eq!((again.status, again.out.as_str()), (0, "the schema is up to date\n"), "{}", again.err);
}

fn behind(server: &Server, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(server.database().run(statement));
}

/// The number of a profile's schema, after it was set to this one, if any.
fn schema_of(profile: &Path, set: Option<i64>) -> i64 {
    let work = async {
        let options = SqliteConnectOptions::new().filename(profile);
        let mut database = SqliteConnection::connect_with(&options).await.unwrap();
        if let Some(schema) = set {
            let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {schema}"));
            sqlx::raw_sql(set).execute(&mut database).await.unwrap();
        }
        let schema = sqlx::query("PRAGMA user_version").fetch_one(&mut database).await.unwrap().get(0);
        database.close().await.unwrap();
        schema
    };
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}
