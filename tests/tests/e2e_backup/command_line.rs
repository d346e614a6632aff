use std::fs;

use keyfold_tests::{Device, Server, exit};

/// The whole drill, as the manual has it: the machine is gone, and with it the CA.
#[test]
fn an_operator_restores_a_backup_and_people_give_back_what_it_lost() {
    let mut server = Server::start();
    let laptop = Device::founded(&server, "Ana's laptop");
    let backup = server.data().join("backup.db");
    let said = server.command(&["backup", backup.to_str().unwrap(), "--json"]).done();
    assert_eq!(said["accounts"], 1);
    let phone = Device::enrolled(&server, "Ana's phone", &laptop);
    phone.ok(&["sync"]);

    server.stop();
    let file = backup.to_str().unwrap();
    for name in ["ca.pem", "ca.key"] {
        fs::remove_file(server.data().join(name)).unwrap();
    }
    let said = server.command(&["restore", file, "--replace", "--json"]).done();
    assert_eq!(said["accounts"], 1);
    server.restart();

    let detail = laptop.fails(exit::SYNC_STOPPED, &["sync"]);
    assert!(detail.contains("`keyfold offer`"), "{detail}");
    let offered = laptop.ok(&["offer", "--yes"]);
    assert_eq!((&offered["entries_offered"], &offered["ended"]), (&1.into(), &false.into()));
    let offered = phone.ok(&["offer", "--yes", "--end"]);
    assert_eq!((&offered["entries_offered"], &offered["ended"]), (&0.into(), &true.into()));
    laptop.ok(&["sync"]);
    phone.ok(&["sync"]);
    for device in [&laptop, &phone] {
        let devices = device.ok(&["device", "list"]);
        assert_eq!(devices["devices"].as_array().unwrap().len(), 2, "{devices}");
    }
}
