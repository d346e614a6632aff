use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use keyfold_tests::{Device, Server, exit};
use rustls::{ServerConnection, Stream, version::TLS13};

use crate::certificates::OwnCa;

/// What answers this to everything, over good TLS; gives its URL.
fn answers(ca: &OwnCa, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let config = ca.tls_server(&TLS13);
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = socket.unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            // Whoever asks may be gone before the answer, and asks again then.
            let _ = stream.read(&mut [0; 4_096]).and_then(|_| stream.write_all(answer));
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    url
}

#[test]
fn an_answer_that_makes_no_sense_is_told_in_one_line() {
    let server = Server::start();
    let ca = OwnCa::new();
    let a = Device::trusting(&server, ca.file());
    for (answer, exit) in [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nrubbish".as_slice(), exit::REFUSED),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 6\r\n\r\n<html>", exit::REFUSED),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n\x08\x01", exit::NO_NETWORK),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n\x08\x01", exit::NO_NETWORK),
        (b"SSH-2.0-OpenSSH_9.2\r\n", exit::NO_NETWORK),
        (b"", exit::NO_NETWORK),
    ] {
        let url = answers(&ca, answer);
        a.fails(exit, &["account", "create", "--server", &url]);
        // Nothing was begun there.
        a.fails(exit::NOT_FOUND, &["status"]);
    }
}
