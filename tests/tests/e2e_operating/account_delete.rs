use std::{fs, path::Path};

use keyfold_tests::{Database, Device, Server, Shop, exit};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

#[test]
fn a_deleted_account_is_gone_from_the_server_and_from_the_profile_and_other_devices_are_told() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let neighbour = Device::founded(&server, "Ben's laptop");
    let shop = Shop::new("shop.example");
    let made = b.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    shop.judge_registration(&made).backed_up();
    let account = b.ok(&["status"])["account"].as_str().unwrap().to_owned();

    let deleted = a.ok(&["account", "delete", "--yes"]);
    assert_eq!(deleted["account"].as_str().unwrap(), account);
    a.fails(exit::NOT_FOUND, &["status"]);
    a.fails(exit::NOT_FOUND, &["account", "delete", "--yes"]);

    let told = b.fails(exit::REFUSED, &["sync"]);
    assert!(told.starts_with("the account was deleted"), "{told}");
    // What B holds is B's to use, and to give up.
    shop.judge_sign_in(&b.sign_in(&shop.origin(), &shop.sign_in_options())).backed_up();

    neighbour.ok(&["sync"]);
    assert!(server.stop().success());
    let rows = rows_by_account(server.database());
    assert!(rows.iter().all(|(_, accounts)| *accounts <= 1), "only Ben's rows are left: {rows:?}");
    assert!(rows.contains(&("accounts".to_owned(), 1)));
    server.restart();
    a.found("Ana's laptop, anew", "ed25519");
}

#[test]
fn what_is_deleted_leaves_no_secret_in_the_profiles_files() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    run(async {
        // Another process has the profile open, so that closing it is not what cleans up.
        let mut database = open(&a.profile_folder().join("profile.sqlite3")).await;
        let sealed = sqlx::query("SELECT sealed_secrets FROM profile").fetch_one(&mut database).await.unwrap();
        let sealed: Vec<u8> = sealed.get(0);
        assert!(is_in_a_file(&sealed, &a.profile_folder()));
        a.ok(&["account", "delete", "--yes"]);
        assert!(!is_in_a_file(&sealed, &a.profile_folder()));
        database.close().await.unwrap();
    });
}

#[test]
fn who_is_asked_and_does_not_say_yes_keeps_the_account() {
    let server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    let real = a.command(&["account", "delete"]);
    let mut unasked = std::process::Command::new("setsid");
    unasked.arg("--wait").arg(real.get_program()).args(real.get_args());
    keyfold_tests::fed(unasked, "yes\n").problem(exit::USAGE);
    a.ok(&["sync"]);
}

/// Each of the server's tables, and how many accounts have rows in it.
fn rows_by_account(database: &Database) -> Vec<(String, i64)> {
    run(async {
        let tables = if database.is_postgres() {
            "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'account_id'"
        } else {
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'account_id'"
        };
        let mut database = database.look_inside().await;
        let tables = sqlx::query(tables).fetch_all(&mut database).await.unwrap();
        let mut rows = Vec::new();
        for table in tables {
            let table: String = table.get(0);
            if ["deleted_accounts", "invites"].contains(&table.as_str()) {
                continue;
            }
            let count = sqlx::AssertSqlSafe(format!("SELECT count(DISTINCT account_id) FROM {table}"));
            rows.push((table, sqlx::query(count).fetch_one(&mut database).await.unwrap().get(0)));
        }
        assert!(rows.len() > 5, "{rows:?}");
        rows
    })
}

fn is_in_a_file(bytes: &[u8], folder: &Path) -> bool {
    let mut files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    files.any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

async fn open(file: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
