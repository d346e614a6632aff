use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::Port;

/// A PostgreSQL of this test's own that speaks to nobody without TLS. It ends with the test.
pub struct TlsPostgres {
    folder: TempDir,
    port: Port,
}

impl TlsPostgres {
    /// With a certificate for localhost, of a CA of its own.
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = folder.path().join("cluster");
        fs::create_dir(&cluster).unwrap();
        give_away(&cluster);
        let postgres = Self { folder, port: Port::reserved() };
        let options = "--username=keyfold --auth=trust --encoding=UTF8 --locale=C --no-sync";
        postgres.done(&["init", "--options", options]);
        postgres.certify();
        let host = "hostssl all all 127.0.0.1/32 trust\nlocal all all trust\n";
        fs::write(cluster.join("data/pg_hba.conf"), host).unwrap();
        let (port, sockets) = (postgres.port.number(), cluster.display());
        let options = format!("-p {port} -k {sockets} -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on");
        postgres.done(&["start", "--wait", "--options", &options]);
        postgres
    }

    /// Its URL at this host, with this to say of TLS.
    pub fn url(&self, host: &str, tls: &str) -> String {
        format!("postgres://keyfold@{host}:{}/postgres?{tls}", self.port.number())
    }

    /// The CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Another CA's, which has nothing to do with it.
    pub fn other_ca(&self) -> PathBuf {
        let path = self.folder.path().join("other-ca.pem");
        fs::write(&path, authority().0.pem()).unwrap();
        path
    }

    fn certify(&self) {
        let (ca, issuer) = authority();
        fs::write(self.ca(), ca.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let data = self.folder.path().join("cluster/data");
        for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
            let path = data.join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
        }
    }

    fn done(&self, arguments: &[&str]) {
        self.pg_ctl(arguments).unwrap();
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<(), String> {
        let newest = fs::read_dir("/usr/lib/postgresql").expect("needs PostgreSQL: run tests/run").flatten();
        let newest = newest.map(|version| version.path()).max_by_key(|path| version(path)).unwrap();
        let cluster = self.folder.path().join("cluster");
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]).arg(newest.join("bin/pg_ctl"));
            command
        } else {
            Command::new(newest.join("bin/pg_ctl"))
        };
        command.arg("--pgdata").arg(cluster.join("data")).arg("--log").arg(cluster.join("log")).args(arguments);
        let said = command.current_dir(&cluster).output().unwrap();
        if said.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&said.stderr).into_owned()) }
    }
}

fn authority() -> (rcgen::Certificate, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate, Issuer::new(params, key))
}

fn version(path: &Path) -> u32 {
    path.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| std::os::unix::fs::MetadataExt::uid(&this) == 0)
}

/// PostgreSQL refuses to run as root, and reads only what is its user's.
fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

impl Drop for TlsPostgres {
    fn drop(&mut self) {
        // One that never started cannot be stopped.
        let _ = self.pg_ctl(&["stop", "--wait", "--mode", "immediate"]);
    }
}

const NOBODY: u32 = 65_534;
