use std::{
    fs,
    path::{Path, PathBuf},
};

use keyfold_tests::{Device, Server, ServerOptions, clock_off_by, exit, fed};
use serde_json::Value;

#[test]
fn a_closed_server_takes_no_account_and_serves_those_that_it_has() {
    let mut server = Server::start();
    let a = Device::founded(&server, "Ana's laptop");
    server.stop();
    server.restart_with(ServerOptions::with([("KEYFOLD_SIGN_UP", "closed")]));

    let stranger = Device::new(&server);
    let detail = stranger.fails(exit::REFUSED, &["account", "create", "--server", stranger.url()]);
    assert!(detail.starts_with("the server takes no new accounts"), "{detail}");
    stranger.fails(exit::NOT_FOUND, &["status"]);
    a.ok(&["sync"]);
    Device::enrolled(&server, "Ana's phone", &a);
}

#[test]
fn an_invite_is_good_for_one_account() {
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_SIGN_UP", "invite")]));
    let (a, b) = (Device::new(&server), Device::new(&server));
    let invite = invite_file(&server, &a);
    let wrong = a.home().join("wrong");
    fs::write(&wrong, "abcdefghijklmnopqrstuvwxyz\n").unwrap();
    assert_eq!(states(&server), ["open"]);

    let create = ["account", "create", "--server", a.url()];
    for arguments in [create.to_vec(), with(&create, &wrong)] {
        let detail = a.fails(exit::REFUSED, &arguments);
        assert!(detail.starts_with("the server wants an invitation that is valid"), "{detail}");
    }
    a.fails(exit::USAGE, &with(&create, Path::new("/no/such/invite")));
    a.ok(&with(&create, &invite));
    assert_eq!(states(&server), ["used"]);

    b.fails(exit::REFUSED, &with(&create, &invite));
    assert_eq!(states(&server), ["used"]);
    // A device of an account that is there needs none.
    b.join(&a, "Ana's phone", "ed25519");
}

#[test]
fn an_invite_expires() {
    let mut server = Server::start_with(ServerOptions::with([("KEYFOLD_SIGN_UP", "invite")]));
    let a = Device::new(&server);
    let invite = invite_file(&server, &a);
    server.stop();
    let mut later = ServerOptions::with([("KEYFOLD_SIGN_UP", "invite")]);
    later.environment.extend(clock_off_by("+8d"));
    server.restart_with(later);

    assert_eq!(states(&server), ["expired"]);
    let arguments = ["account", "create", "--server", a.url(), "--invite-file", invite.to_str().unwrap()];
    let mut create = a.command(&arguments);
    create.envs(clock_off_by("+8d"));
    fed(create, "").problem(exit::REFUSED);
}

#[test]
fn invites_are_listed_for_people_too_and_never_whole() {
    let server = Server::start();
    let invites: Vec<String> = (0..2).map(|_| server.command(&["invite", "create"]).out).collect();
    let listed = server.command(&["invite", "list"]).out;
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.lines().all(|line| line.contains("open") && line.ends_with("7 days left")), "{listed}");
    assert!(invites.iter().all(|invite| !listed.contains(invite.trim())));
    for days in ["0", "366", "many"] {
        assert_eq!(server.command(&["invite", "create", "--days", days]).status, 2);
    }
}

/// Makes an invite and keeps it as its receiver does.
fn invite_file(server: &Server, device: &Device) -> PathBuf {
    let created = server.command(&["invite", "create"]);
    assert_eq!((created.status, created.out.lines().count()), (0, 1), "{}", created.err);
    let file = device.home().join("invite");
    fs::write(&file, created.out).unwrap();
    file
}

fn with<'a>(create: &[&'a str], invite: &'a Path) -> Vec<&'a str> {
    [create, &["--invite-file", invite.to_str().unwrap()]].concat()
}

fn states(server: &Server) -> Vec<String> {
    let listed = server.command(&["invite", "list", "--json"]);
    let state = |line: &str| serde_json::from_str::<Value>(line).unwrap()["state"].as_str().unwrap().to_owned();
    listed.out.lines().map(state).collect()
}
