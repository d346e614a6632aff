use std::fs;

use keyfold_tests::{Device, Server};

#[test]
fn nothing_is_restored_over_a_server_that_runs_or_has_accounts_unless_that_is_said() {
    let mut server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let file = server.data().join("backup.db");
    let file = file.to_str().unwrap();
    backed_up(&server, file);
    let line = server.command(&["restore", file, "--replace"]).server_line();
    assert!(line.contains("a keyfoldd is running on this database: stop it first"), "{line}");
    laptop.ok(&["sync"]);
    server.stop();
    let line = server.command(&["restore", file]).server_line();
    assert!(line.contains("the database is not empty") && line.contains("--replace"), "{line}");
    server.restart();
    laptop.ok(&["sync"]);
}

#[test]
fn threat_backup_a_file_that_is_no_whole_backup_restores_nothing() {
    let mut server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let (file, other) = (server.data().join("backup.db"), server.data().join("other.db"));
    backed_up(&server, file.to_str().unwrap());
    server.stop();
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    let name = b"Ana's laptop";
    let place = whole.windows(name.len()).position(|window| window == name).unwrap();
    flipped[place] = b'E';
    for (damaged, why) in
        [(&whole[..whole.len() / 2], "cut"), (&flipped, "changed"), (b"no database".as_slice(), "text")]
    {
        fs::write(&other, damaged).unwrap();
        let line = server.command(&["restore", other.to_str().unwrap(), "--replace"]).server_line();
        assert!(line.contains("not a whole backup"), "{why}: {line}");
    }
    let missing = server.command(&["restore", "/nowhere/backup.db"]).server_line();
    assert!(missing.contains("there is no backup at /nowhere/backup.db"), "{missing}");
    server.restart();
    laptop.ok(&["sync"]);
}

#[test]
fn a_backup_takes_no_other_files_place_and_is_nobody_elses_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let file = server.data().join("backup.db");
    fs::write(&file, "mine").unwrap();
    let line = server.command(&["backup", file.to_str().unwrap()]).server_line();
    assert!(line.contains("is there already"), "{line}");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    fs::remove_file(&file).unwrap();
    backed_up(&server, file.to_str().unwrap());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!server.data().join("backup.db.partial").exists());
}

fn backed_up(server: &Server, file: &str) {
    let said = server.command(&["backup", file]);
    assert_eq!(said.status, 0, "{}", said.err);
    assert!(said.out.starts_with("backed up "), "{}", said.out);
}
