use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpListener,
    sync::Arc,
    thread::{self, JoinHandle},
};

use keyfold_client::transport::{ServerUrl, Trust};
use keyfold_server::tls::{Certificates, provider};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tempfile::TempDir;

/// A place that speaks TLS with a certificate that the client trusts, and gives one answer to whoever asks.
pub(super) struct Place {
    pub(super) url: ServerUrl,
    pub(super) trust: Trust,
    address: std::net::SocketAddr,
    asked: JoinHandle<Vec<String>>,
    _authority: TempDir,
}

impl Place {
    pub(super) fn new(versions: &[&'static SupportedProtocolVersion], answer: String) -> Self {
        let authority = TempDir::new().unwrap();
        let certificates = Arc::new(Certificates::local(authority.path(), vec!["localhost".to_owned()]).unwrap());
        let config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        let trust = Trust::pinned(&std::fs::read(authority.path().join("ca.pem")).unwrap()).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("https://localhost:{}", address.port()).parse().unwrap();
        let asked = thread::spawn(move || serve(&listener, &Arc::new(config), &answer));
        Self { url, trust, address, asked, _authority: authority }
    }

    /// The request lines that came.
    pub(super) fn was_asked(self) -> Vec<String> {
        // A connection without TLS ends it.
        std::net::TcpStream::connect(self.address).unwrap().write_all(END).unwrap();
        self.asked.join().unwrap()
    }
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, answer: &str) -> Vec<String> {
    let mut asked = Vec::new();
    loop {
        let (stream, _) = listener.accept().unwrap();
        let mut first = [0];
        if stream.peek(&mut first).unwrap() == 1 && first == END {
            return asked;
        }
        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut lines = BufReader::new(StreamOwned::new(connection, stream));
        let mut line = String::new();
        // A handshake that fails is an error of the first read: nothing was asked then.
        match lines.read_line(&mut line) {
            Ok(_) => asked.push(line.trim_end().to_owned()),
            Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock),
        }
        let mut head = String::from("-");
        while !head.trim_end().is_empty() {
            head.clear();
            if lines.read_line(&mut head).is_err() {
                break;
            }
        }
        // Whoever does not trust what it hears has gone.
        let _ = lines.get_mut().write_all(answer.as_bytes());
        lines.get_mut().conn.send_close_notify();
        let _ = lines.get_mut().flush();
    }
}

const END: &[u8] = b"!";
