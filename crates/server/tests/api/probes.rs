//! What whoever watches the process asks.

use crate::world::Server;

#[test]
fn a_server_is_alive_and_ready() {
    let server = Server::start();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!((server.get("/readyz").status, server.get("/readyz").status), (200, 200));
}
