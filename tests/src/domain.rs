use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::TempDir;

/// A domain of this test's own on 127.0.0.1, that says of itself what the test lets it, over TLS under a CA of its own.
pub struct Domain {
    name: String,
    port: u16,
    folder: TempDir,
    says: Arc<Mutex<String>>,
}

impl Domain {
    /// One that answers 404.
    pub fn new(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        let ca = Issuer::new(params, key);
        let own = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&own, &ca).unwrap();
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let says = Arc::new(Mutex::new(NOT_FOUND.to_owned()));
        let (tls, answers) = (Arc::new(tls), Arc::clone(&says));
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, Arc::clone(&tls), &answers.lock().unwrap().clone());
            }
        });
        Self { name: name.to_owned(), port, folder, says }
    }

    /// From now on its file has just this.
    pub fn says(&self, file: &str) {
        self.answers(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{file}", file.len()));
    }

    /// From now on it answers with these bytes.
    pub fn answers(&self, bytes: &str) {
        bytes.clone_into(&mut self.says.lock().unwrap());
    }

    /// `NAME=ADDRESS:PORT`, as the server is told where it is.
    pub fn host(&self) -> String {
        format!("{}=127.0.0.1:{}", self.name, self.port)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// Whoever breaks off is let go.
fn answer(stream: TcpStream, tls: Arc<ServerConfig>, says: &str) {
    let Ok(connection) = ServerConnection::new(tls) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let is_asked = head.starts_with(b"GET /.well-known/keyfold-domain ");
    let _ = stream.write_all(if is_asked { says } else { NOT_FOUND }.as_bytes());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
