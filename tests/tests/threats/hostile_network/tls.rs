use std::{
    io::{Read, Write},
    sync::Arc,
};

use keyfold_client::{
    SystemClock,
    api::{Api, ApiError},
    transport::{HttpsTransport, TransportError, Trust},
};
use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};

use super::place::Place;
use crate::world::Home;

/// What the real client makes of a place.
async fn asked(place: &Place) -> Result<(), ApiError> {
    let transport = HttpsTransport::new(place.url.clone(), &place.trust).unwrap();
    Api::new(place.url.clone(), Arc::new(transport), Arc::new(SystemClock)).server_info().await.map(drop)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_22_no_redirect_is_followed() {
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let elsewhere = Place::new(&[&TLS13], answer("200 OK", "", ""));
        let location = format!("location: {}/v1/server\r\n", elsewhere.url);
        let mut server = Place::new(&[&TLS13], answer(status, &location, ""));
        server.trust = both(&server, &elsewhere);
        let error = asked(&server).await.unwrap_err();
        assert!(matches!(error, ApiError::BadAnswer(_)), "{status}: {error}");
        assert_eq!(server.was_asked(), ["GET /v1/server HTTP/1.1"]);
        assert!(elsewhere.was_asked().is_empty(), "{status} was followed");
    }
}

fn both(one: &Place, other: &Place) -> Trust {
    let pem = [one.trust.pem().unwrap(), other.trust.pem().unwrap()].concat();
    Trust::pinned(&pem).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_network_a_server_that_offers_less_than_tls_1_3_is_told_nothing() {
    let old = Place::new(&[&TLS12], answer("200 OK", "", ""));
    let error = asked(&old).await.unwrap_err();
    assert!(matches!(error, ApiError::Transport(TransportError::Untrusted(_))), "{error}");
    assert!(old.was_asked().is_empty());
    let new = Place::new(&[&TLS13], answer("200 OK", "", ""));
    assert!(matches!(asked(&new).await, Err(ApiError::BadAnswer(_))), "it talks to one that offers TLS 1.3");
    assert_eq!(new.was_asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_network_a_server_with_another_authoritys_certificate_is_told_nothing() {
    let mut impostor = Place::new(&[&TLS13], answer("200 OK", "", ""));
    impostor.trust = Place::new(&[&TLS13], String::new()).trust.clone();
    let error = asked(&impostor).await.unwrap_err();
    assert!(matches!(error, ApiError::Transport(TransportError::Untrusted(_))), "{error}");
    assert!(impostor.was_asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_network_a_client_that_offers_less_than_tls_1_3_is_not_served() {
    let home = Home::start().await;
    assert!(served(&home, &TLS12).is_err());
    assert!(served(&home, &TLS13).unwrap().starts_with("HTTP/1.1 200"));
}

/// What the server answers a client that knows this version only.
fn served(home: &Home, version: &'static SupportedProtocolVersion) -> std::io::Result<String> {
    let mut raw = home.raw(version);
    raw.write_all(b"GET /v1/server HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = vec![0; 64];
    let read = raw.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}
