use keyfold_tests::{Device, Server, ServerOptions, TlsPostgres, does_not_start};

/// Between the server and its database as between devices and the server: who is at the other end is checked, or nothing is said.
#[test]
fn a_server_trusts_a_database_by_its_certificate() {
    let postgres = TlsPostgres::start();
    let verified = format!("sslmode=verify-full&sslrootcert={}", postgres.ca().display());
    let database = postgres.url("localhost", &verified);
    let server = Server::start_with(ServerOptions::with([("KEYFOLD_DATABASE", database.as_str())]));
    let laptop = Device::founded(&server, "Ana's laptop");
    laptop.ok(&["sync"]);

    let other = format!("sslmode=verify-full&sslrootcert={}", postgres.other_ca().display());
    for (url, why) in [
        (postgres.url("localhost", &other), "certificate"),
        // Its certificate is for localhost.
        (postgres.url("127.0.0.1", &verified), "certificate"),
        (postgres.url("localhost", "sslmode=disable"), "no encryption"),
    ] {
        let refused = does_not_start(&ServerOptions::with([("KEYFOLD_DATABASE", url.as_str())]), &[]).server_line();
        assert!(refused.contains("cannot open the database") && refused.contains(why), "{url}: {refused}");
    }
}
