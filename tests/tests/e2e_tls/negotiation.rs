use std::{fs, io, net::TcpListener, sync::Arc, thread};

use keyfold_tests::{Device, Http, Server, ServerOptions, Shop, exit, tls_client};
use rustls::{
    CipherSuite, ClientConnection, NamedGroup, ProtocolVersion, ServerConnection, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};

use crate::{
    certificates::OwnCa,
    wiretap::{ServerHello, Wiretap},
};

/// X25519MLKEM768 in the registry of TLS groups.
const X25519MLKEM768: u16 = 0x11ec;
const TLS_1_3: u16 = 0x0304;

#[test]
fn a_device_and_its_server_agree_on_x25519mlkem768() {
    let wiretap = Wiretap::new();
    let server = Server::start_with(ServerOptions { public_port: Some(wiretap.port()), ..ServerOptions::default() });
    let hellos = wiretap.listen_in(server.port());
    let a = Device::founded(&server, "Ana's laptop");
    let b = Device::enrolled(&server, "Ana's phone", &a);
    let shop = Shop::new("shop.example");
    a.make_passkey(&shop.origin(), &shop.registration_options("ana@shop.example"));
    b.ok(&["sync"]);

    let hellos: Vec<ServerHello> = hellos.try_iter().collect();
    assert!(hellos.len() >= 4, "{} connections", hellos.len());
    for hello in hellos {
        assert_eq!(hello, ServerHello { version: TLS_1_3, group: X25519MLKEM768 });
    }
}

#[test]
fn a_client_of_others_agrees_on_it_too() {
    let server = Server::start();
    let connection = handshake(&server, aws_lc_rs::default_provider(), &TLS13).unwrap();
    assert_eq!(connection.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(connection.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519MLKEM768);
    let suite = connection.negotiated_cipher_suite().unwrap().suite();
    assert!([CipherSuite::TLS13_AES_256_GCM_SHA384, CipherSuite::TLS13_AES_128_GCM_SHA256].contains(&suite));
}

#[test]
fn who_knows_only_classical_groups_is_served_with_one() {
    let server = Server::start();
    let classical = CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519], ..aws_lc_rs::default_provider() };
    let connection = handshake(&server, classical, &TLS13).unwrap();
    assert_eq!(connection.negotiated_key_exchange_group().unwrap().name(), NamedGroup::X25519);
}

#[test]
fn a_client_below_tls_1_3_is_refused_and_the_next_one_is_served() {
    let server = Server::start();
    let refused = handshake(&server, aws_lc_rs::default_provider(), &TLS12).unwrap_err();
    let alert = refused.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()).unwrap();
    assert_eq!(*alert, rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion));
    assert_eq!(Http::to(&server).get("/healthz").status, 200);
}

#[test]
fn a_device_talks_to_no_server_below_tls_1_3() {
    let server = Server::start();
    let ca = OwnCa::new();
    let a = Device::trusting(&server, ca.file());
    let old = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", old.local_addr().unwrap().port());
    let config = ca.tls_server(&TLS12);
    let serves = thread::spawn(move || {
        let (mut connection, _) = old.accept().unwrap();
        ServerConnection::new(config).unwrap().complete_io(&mut connection).unwrap_err()
    });
    let detail = a.run(&["account", "create", "--server", &url]).problem(exit::NOT_TRUSTED);
    assert!(!detail.is_empty());
    serves.join().unwrap();
}

/// Shakes hands and no more.
fn handshake(
    server: &Server,
    provider: CryptoProvider,
    version: &'static SupportedProtocolVersion,
) -> io::Result<ClientConnection> {
    let config = tls_client(provider, &[version], &fs::read(server.ca()).unwrap());
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", server.port()))?;
    let mut connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    connection.complete_io(&mut socket)?;
    Ok(connection)
}
