//! What an operator may lower.

use keyfold_wire::v1::{ProblemCode, ServerInfo, SignUp};

use crate::world::{Device, Server};

#[test]
fn a_lowered_limit_holds() {
    let server = Server::start_with(|settings| {
        (settings.limits.changes, settings.limits.push) = (2, 66_560);
    });
    let ana = Device::founded(&server);
    assert_eq!(ana.post("/v1/commits", &ana.draft(vec![vec![7; 10]; 3])).code(), ProblemCode::TooLarge);
    assert_eq!(ana.post("/v1/commits", &ana.draft(vec![vec![7; 33_281]; 2])).code(), ProblemCode::TooLarge);
    ana.fill(2, 33_280);
}

#[test]
fn a_server_with_a_proxy_in_front_takes_no_strangers_unless_it_is_told_to() {
    let server = Server::start_with(|settings| settings.sign_up = keyfold_server::config::SignUpSetting::Auto);
    assert_eq!(server.get("/v1/server").message::<ServerInfo>().sign_up(), SignUp::Invite);
}
