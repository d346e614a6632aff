use keyfold_client::ProblemCode;
use keyfold_tests::{Device, Http, Server, ServerOptions, Shop, exit, on_a_small_disk};
use keyfold_wire::v1::BeginEnrolment;
use prost::Message;

use crate::{passkeys, shop_known_to, signs_in};

#[test]
fn a_full_disk_on_the_device_is_told_and_nothing_is_lost() {
    on_a_small_disk("full_disk::a_full_disk_on_the_device_is_told_and_nothing_is_lost", |disk| {
        let server = Server::start();
        let a = Device::founded(&server, "Ana's laptop");
        let b = Device::new_in(&server, disk.path());
        b.join(&a, "Ana's phone", "ed25519");
        let shop = shop_known_to(&b, "shop.example");
        let fresh = Device::new_in(&server, disk.path());
        shop_known_to(&a, "bank.example");

        let passkey = b.only_passkey();
        disk.fill();
        let bank = Shop::new("bank.example");
        let arguments = ["webauthn", "create", "--origin", &bank.origin(), "--yes"];
        let full = b.fails_with(exit::STORAGE, &arguments, &bank.registration_options("ana@bank.example"));
        assert!(full.starts_with("the disk is full"), "{full}");
        // Whoever fails may have put the database's log away, which leaves room.
        for command in [&["sync"][..], &["passkey", "rename", &passkey, "shopping"]] {
            disk.fill();
            assert_eq!(b.fails(exit::STORAGE, command), full);
        }
        disk.fill();
        assert_eq!(fresh.fails(exit::STORAGE, &["account", "create", "--server", fresh.url()]), full);

        disk.free();
        assert_eq!(passkeys(&b).len(), 1);
        b.ok(&["sync"]);
        assert_eq!(passkeys(&b).len(), 2);
        signs_in(&b, &shop);
        shop_known_to(&b, "third.example");
        fresh.found("another account's laptop", "ed25519");
        a.ok(&["sync"]);
        assert_eq!(passkeys(&a).len(), 3);
    });
}

#[test]
fn a_full_disk_on_the_server_is_told_and_nothing_acknowledged_is_lost() {
    on_a_small_disk("full_disk::a_full_disk_on_the_server_is_told_and_nothing_acknowledged_is_lost", |disk| {
        // Its log lies on the same disk, as it does with most operators.
        let log = Some(disk.path().join("keyfoldd.log"));
        let mut server =
            Server::start_with(ServerOptions { disk: Some(disk.path().into()), log, ..ServerOptions::default() });
        let a = Device::founded(&server, "Ana's laptop");
        let b = Device::enrolled(&server, "Ana's phone", &a);
        let before = shop_known_to(&a, "before.example");
        let nobody = Device::new(&server);
        let full = "the server cannot store anything just now; try again later";

        disk.fill();
        let meanwhile = shop_known_to(&a, "meanwhile.example");
        for command in [&["sync"][..], &["device", "rename", "", "Ana's desk"]] {
            let detail = a.fails(exit::BUSY, command);
            assert!(detail.starts_with(full), "{detail}");
        }
        assert!(nobody.fails(exit::BUSY, &["account", "create", "--server", nobody.url()]).starts_with(full));
        // Each refusal is worth a log line, and the log has no room either.
        let http = Http::to(&server);
        for _ in 0..32 {
            let begin = BeginEnrolment { commitment: vec![7; 32] }.encode_to_vec();
            http.post("/v1/enrolments", begin).refused(503, ProblemCode::Unavailable);
        }
        assert_eq!(http.get("/healthz").status, 200, "it lives");

        disk.free();
        assert_eq!(a.ok(&["sync"])["items_pushed"], 1);
        nobody.found("somebody's laptop", "ed25519");
        server.kill();
        server.restart();
        b.ok(&["sync"]);
        for shop in [before, meanwhile] {
            signs_in(&b, &shop);
        }
        nobody.ok(&["sync"]);
        assert!(!server.log().contains("panicked"));
    });
}

#[test]
fn a_device_whose_disk_fills_up_within_a_write_keeps_what_it_said_it_keeps() {
    on_a_small_disk("full_disk::a_device_whose_disk_fills_up_within_a_write_keeps_what_it_said_it_keeps", |disk| {
        let server = Server::start();
        let a = Device::founded(&server, "Ana's laptop");
        let b = Device::new_in(&server, disk.path());
        b.join(&a, "Ana's phone", "ed25519");
        let (mut kept, mut by_a) = (Vec::new(), 0);
        for pages in [10, 11, 16, 32, 64] {
            shop_known_to(&a, &format!("a{pages}.example"));
            by_a += 1;
            disk.fill_but(pages);
            let shop = Shop::new(&format!("b{pages}.example"));
            let options = shop.registration_options("ana@shop.example");
            let made = b.run_with(&["webauthn", "create", "--origin", &shop.origin(), "--yes"], &options);
            if made.status == 0 {
                shop.judge_registration(&made.out).backed_up();
                kept.push(shop);
            } else {
                made.problem(exit::STORAGE);
            }
            let synced = b.run(&["sync"]);
            if synced.status != 0 {
                synced.problem(exit::STORAGE);
            }
            disk.free();
        }
        b.ok(&["sync"]);
        assert_eq!(passkeys(&b).len(), kept.len() + by_a);
        a.ok(&["sync"]);
        for shop in &kept {
            signs_in(&b, shop);
            signs_in(&a, shop);
        }
    });
}

#[test]
fn a_server_whose_disk_fills_up_within_a_write_keeps_what_it_acknowledged() {
    on_a_small_disk("full_disk::a_server_whose_disk_fills_up_within_a_write_keeps_what_it_acknowledged", |disk| {
        let mut server =
            Server::start_with(ServerOptions { disk: Some(disk.path().into()), ..ServerOptions::default() });
        let a = Device::founded(&server, "Ana's laptop");
        let b = Device::enrolled(&server, "Ana's phone", &a);
        let mut shops = Vec::new();
        for pages in [1, 3, 5, 8] {
            disk.fill_but(pages);
            // Kept on the device, and acknowledged or not.
            shops.push(shop_known_to(&a, &format!("a{pages}.example")));
            disk.free();
            a.ok(&["sync"]);
            server.kill();
            server.restart();
            b.ok(&["sync"]);
            assert_eq!(passkeys(&b).len(), shops.len());
        }
        for shop in &shops {
            signs_in(&b, shop);
        }
    });
}
