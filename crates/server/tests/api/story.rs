use keyfold_wire::v1::{Heads, ProblemCode};

use crate::world::{Device, Server};

#[test]
fn a_device_founds_an_account_lets_another_in_and_removes_it() {
    let server = Server::start();
    let ana = Device::founded(&server);
    ana.fill(3, 400);
    let ben = Device::enrolled_by(&ana);
    let heads: Heads = ben.get("/v1/head").message();
    assert_eq!((heads.roster_seq, heads.vault_seq), (2, 1));

    ana.remove(&ben);
    assert_eq!(ben.get("/v1/head").code(), ProblemCode::NotAMember);
    assert_eq!(ana.get("/v1/head").message::<Heads>().roster_seq, 3);
}

#[test]
fn the_same_over_tls() {
    let server = Server::start();
    let ana = Device::founded(&server);
    let answer = server.tls_line().ask(&ana.session.head("GET", "/v1/head", b""), b"");
    assert_eq!(answer.message::<Heads>().roster_seq, 1);
}
