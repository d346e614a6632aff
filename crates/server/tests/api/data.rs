//! What lies on the server's disk.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path};

use crate::world::{Device, Server};

#[test]
fn nobody_else_on_the_machine_reads_the_database() {
    let server = Server::start();
    Device::founded(&server).fill(1, 400);
    assert_eq!(mode(&server.data().join("data")), 0o700);
    for file in ["keyfold.db", "keyfold.db-wal", "keyfold.db-shm"] {
        assert_eq!(mode(&server.data().join("data").join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_database_that_others_could_read_is_closed_to_them_at_the_next_start() {
    let database = tempfile::TempDir::new().unwrap();
    let file = database.path().join("vault.db");
    fs::write(&file, b"").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    let url = format!("sqlite:{}", file.display());
    let _server = Server::start_with(|settings| settings.database = Some(url));
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&database.path().join("vault.db-wal")), 0o600);
}

#[test]
fn a_server_that_cannot_start_says_why_in_a_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"no database, and no folder either").unwrap();
    let named = file.display().to_string();

    let port = Server::refused(|settings| settings.listen = taken);
    assert!(port.starts_with(&format!("cannot listen on {taken}: ")), "{port}");
    let plain = Server::refused(|settings| settings.plain_listen = Some(taken));
    assert!(plain.starts_with(&format!("cannot listen on {taken}: ")), "{plain}");
    let folder = Server::refused(|settings| settings.data_dir = file.join("data"));
    assert!(folder.starts_with(&format!("data directory {named}/data: ")), "{folder}");
    let database = Server::refused(|settings| settings.database = Some(format!("sqlite:{named}")));
    assert!(database.contains("cannot open the database"), "{database}");
    let missing = Server::refused(|settings| settings.database = Some("sqlite:/no/such/folder/keyfold.db".into()));
    assert!(missing.starts_with("database /no/such/folder/keyfold.db: "), "{missing}");
    let certificate = Server::refused(|settings| {
        settings.tls.certificate = Some(file.clone());
        settings.tls.key = Some(file.clone());
    });
    assert!(certificate.starts_with(&format!("{named}: ")), "{certificate}");
    for said in [port, plain, folder, database, missing, certificate] {
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
