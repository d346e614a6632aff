use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use rcgen::{CertificateParams, Issuer, KeyPair};
use tempfile::TempDir;

use crate::{Port, Server, ServerOptions};

/// A `keyfoldd` behind a real proxy that is set as the operator's manual says. Both end with the test.
pub struct Proxied {
    pub server: Server,
    folder: TempDir,
    port: Port,
    proxy: Option<Child>,
}

impl Proxied {
    /// A server that is to be reached through a proxy only.
    pub fn server() -> Self {
        let port = Port::reserved();
        let settings = [
            ("KEYFOLD_PLAIN_LISTEN", "127.0.0.1:0"),
            ("KEYFOLD_METRICS_LISTEN", "127.0.0.1:0"),
            ("KEYFOLD_TRUST_FORWARDED_FOR", "true"),
            ("KEYFOLD_SIGN_UP", "open"),
        ];
        let options = ServerOptions { public_port: Some(port.number()), ..ServerOptions::with(settings) };
        let server = Server::start_with(options);
        let folder = TempDir::new().unwrap();
        let proxied = Self { server, folder, port, proxy: None };
        proxied.certify();
        proxied
    }

    /// Where devices come.
    pub const fn port(&self) -> u16 {
        self.port.number()
    }

    /// The address of one of the server's listeners, such as `plain_listen`.
    pub fn listener(&self, name: &str) -> String {
        self.server.ready()[name].as_str().unwrap().to_owned()
    }

    /// A file of the proxy's own.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// An example of the manual, with the test's own places in place of the manual's.
    pub fn example(&self, path: &str, places: &[(&str, &str)]) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path);
        let mut text = fs::read_to_string(&path).unwrap();
        for (place, own) in places {
            assert!(text.contains(place), "{} has no {place}", path.display());
            text = text.replace(place, own);
        }
        text
    }

    /// Writes a file that the proxy reads.
    pub fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.file(name)
    }

    /// Starts the proxy, which stays in the foreground, and waits until it listens.
    pub fn start(&mut self, program: &str, arguments: &[&str]) {
        let mut proxy = Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.file("said")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}: run tests/run, which installs it"));
        while TcpStream::connect(("127.0.0.1", self.port.number())).is_err() {
            assert!(proxy.try_wait().unwrap().is_none(), "{program} has ended");
            std::thread::yield_now();
        }
        self.proxy = Some(proxy);
    }

    /// What the proxy said, and every file that it wrote.
    pub fn said(&self) -> String {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| path.is_file())
            .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
            .collect()
    }

    /// A certificate for localhost of the server's own CA, which its devices trust.
    fn certify(&self) {
        let data = self.server.data();
        let read = |name: &str| fs::read_to_string(data.join(name)).unwrap();
        let authority = KeyPair::from_pem(&read("ca.key")).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&read("ca.pem"), authority).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        self.write("tls.crt", &certificate.pem());
        self.write("tls.key", &key.serialize_pem());
        self.write("tls.pem", &(certificate.pem() + &key.serialize_pem()));
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the proxy ---\n{}", fs::read_to_string(self.file("said")).unwrap_or_default());
        }
        if let Some(mut proxy) = self.proxy.take() {
            // Not at once: what it has started ends with it.
            Command::new("kill").args(["-TERM", &proxy.id().to_string()]).status().unwrap();
            proxy.wait().unwrap();
        }
    }
}
