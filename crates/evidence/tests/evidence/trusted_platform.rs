//! A real TPM 2.0, by `swtpm`: its quotes, and the credentials that only it can read.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use keyfold_evidence::{
    PathError, Roots, UnixMillis,
    hardware::{AttestationKey, Credential, Endorsement, EndorsementError, Parent, Quote, QuoteError},
};
use rcgen::{DistinguishedName, ExtendedKeyUsagePurpose, IsCa, SubjectPublicKeyInfo};

use crate::world::{Maker, dated, now, tpm_name};

type Registers = Vec<(u8, [u8; 32])>;

/// A computer with a TPM that a maker of its own has certified.
struct Machine {
    folder: PathBuf,
    port: u16,
}

impl Machine {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tpm-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(folder.join("state")).unwrap();
        let mut machine = Self { folder, port: 0 };
        machine.run("swtpm_setup", &["--create-config-files", "overwrite,root"]);
        machine.run("swtpm_setup", &["--tpm2", "--tpmstate", "state", "--create-ek-cert", "--overwrite"]);
        // A daemon goes to another folder. Somebody may take a port before it does.
        let state = format!("dir={}", machine.folder.join("state").display());
        let is_up = (0..8).any(|_| {
            machine.port = ports();
            let server = format!("type=tcp,port={}", machine.port);
            let control = format!("type=tcp,port={}", machine.port + 1);
            let how = ["socket", "--tpm2", "--tpmstate", &state, "--daemon", "--flags", "not-need-init,startup-clear"];
            let sockets = ["--server", &server, "--ctrl", &control];
            machine.command("swtpm", &[how.as_slice(), &sockets].concat()).status().unwrap().success()
        });
        assert!(is_up, "swtpm does not start");
        machine
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let on_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|at| at.join(program).is_file());
        assert!(on_path, "{program} is missing: install swtpm, swtpm-tools and tpm2-tools");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env("XDG_CONFIG_HOME", &self.folder);
        command.env("TPM2TOOLS_TCTI", format!("swtpm:host=127.0.0.1,port={}", self.port));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let ended = self.command(program, arguments).output().unwrap();
        assert!(ended.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// What a program of `tpm2-tools` does; keys and sessions are then put out of the TPM, which has room for three.
    fn tpm2(&self, program: &str, arguments: &str) {
        self.run(&format!("tpm2_{program}"), &arguments.split(' ').collect::<Vec<_>>());
        self.run("tpm2_flushcontext", &["-t"]);
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).unwrap()
    }

    /// A public area, out of its length.
    fn area(&self, file: &str) -> Vec<u8> {
        self.read(file)[2..].to_vec()
    }

    /// What its own maker trusts, and what issues for that.
    fn maker(&self) -> (Roots, Vec<u8>) {
        let authority = self.folder.join("var/lib/swtpm-localca");
        let der = |file: &str| {
            let text = fs::read_to_string(authority.join(file)).unwrap();
            let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
            data_encoding::BASE64.decode(body.as_bytes()).unwrap()
        };
        (Roots::trust(&[der("swtpm-localca-rootca-cert.pem")]).unwrap(), der("issuercert.pem"))
    }

    fn attestation_key(&self, parent: &str, kind: &str, name: &str) -> Vec<u8> {
        self.tpm2("createak", &format!("-C {parent} -c {name}.ctx {kind} -u {name}.pub -n {name}.name -Q"));
        self.area(&format!("{name}.pub"))
    }

    /// Whether the TPM tells the secret of a credential, for that attestation key. Endorsement keys want their hierarchy's secret, and
    /// newer ones their own, which are both empty.
    fn activates(&self, parent: &str, key: &str, credential: &Credential) -> Option<Vec<u8>> {
        let header = [0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1];
        let file = [header.as_slice(), &credential.blob, &credential.secret].concat();
        fs::write(self.folder.join("credential"), file).unwrap();
        let _ = fs::remove_file(self.folder.join("secret"));
        self.run("tpm2_startauthsession", &["--policy-session", "-S", "session.ctx"]);
        self.run("tpm2_policysecret", &["-S", "session.ctx", "-c", "e", "-Q"]);
        let activate = ["-c", key, "-C", parent, "-i", "credential", "-o", "secret", "-Q", "-P", "session:session.ctx"];
        let activate = if parent == NEWER { &activate[..9] } else { &activate };
        let ended = self.command("tpm2_activatecredential", activate).output().unwrap();
        self.run("tpm2_flushcontext", &["session.ctx"]);
        self.run("tpm2_flushcontext", &["-t"]);
        ended.status.success().then(|| self.read("secret"))
    }

    fn quotes(&self, key: &str, nonce: &str) -> (Vec<u8>, Vec<u8>, Registers) {
        self.tpm2("quote", &format!("-c {key} -l sha256:0,7,23 -q {nonce} -m quote -s signature -g sha256 -Q"));
        self.tpm2("pcrread", "sha256:0,7,23 -o registers -Q");
        let registers = self.read("registers");
        let values = registers.chunks(32).map(|value| value.try_into().unwrap());
        (self.read("quote"), self.read("signature"), [0, 7, 23].into_iter().zip(values).collect())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let control = format!("127.0.0.1:{}", self.port + 1);
        let _ = Command::new("swtpm_ioctl").args(["--tcp", &control, "-s"]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Two that nobody listens at.
fn ports() -> u16 {
    loop {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = one.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

/// The machine's clock, which its maker's certificates are dated by.
fn today() -> UnixMillis {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    UnixMillis(u64::try_from(now.as_millis()).unwrap())
}

/// The endorsement key on P-384.
const NEWER: &str = "0x81010016";
const SECRET: [u8; 32] = *b"what only this TPM tells, if ...";

#[test]
fn a_tpm_shows_where_its_key_is_and_what_it_booted() {
    let machine = Machine::new();
    let (roots, issuer) = machine.maker();
    let keys =
        [("0x81010001", "0x1c00002", "-G ecc -g sha256 -s ecdsa"), (NEWER, "0x1c00016", "-G rsa -g sha256 -s rsassa")];
    for (handle, place, kind) in keys {
        machine.tpm2("nvread", &format!("{place} -o certificate"));
        machine.tpm2("readpublic", &format!("-c {handle} -o endorsement.pub -Q"));
        let (public, chain) = (machine.area("endorsement.pub"), [machine.read("certificate"), issuer.clone()]);
        let endorsement = Endorsement::verify(&public, &chain, &roots, today()).unwrap();
        let other = Maker::new().roots();
        assert_eq!(Endorsement::verify(&public, &chain, &other, today()), Err(PathError::Untrusted.into()));
        assert_eq!(Endorsement::verify(&public, &chain, &roots, UnixMillis(0)), Err(PathError::NotNow.into()));

        let area = machine.attestation_key(handle, kind, "key");
        let key = AttestationKey::parse(&area, Parent::Key(&public)).unwrap();
        let credential = endorsement.credential(&key, &SECRET).unwrap();
        assert_eq!(machine.activates(handle, "key.ctx", &credential).unwrap(), SECRET);
        // It tells nothing for another key.
        machine.attestation_key(handle, kind, "other");
        assert_eq!(machine.activates(handle, "other.ctx", &credential), None);
        assert_eq!(Endorsement::verify(&area, &chain, &roots, today()), Err(EndorsementError::Key));

        let (attest, signature, registers) = machine.quotes("key.ctx", "00112233");
        let quote = Quote { attest: &attest, signature: &signature };
        let quoted = quote.verify(&key, &[0, 0x11, 0x22, 0x33], &registers).unwrap();
        assert_ne!(quoted.firmware_version, 0);
        assert_eq!(quote.verify(&key, &[0, 0x11, 0x22, 0x34], &registers), Err(QuoteError::Nonce));
        let elsewhere = AttestationKey::parse(&area, Parent::Endorsement).unwrap();
        assert_eq!(quote.verify(&elsewhere, &[0, 0x11, 0x22, 0x33], &registers), Err(QuoteError::Signer));
        // What is booted later shows.
        machine.tpm2("pcrextend", &format!("23:sha256={}", "ab".repeat(32)));
        let (attest, signature, later) = machine.quotes("key.ctx", "00112233");
        let quote = Quote { attest: &attest, signature: &signature };
        assert_eq!(quote.verify(&key, &[0, 0x11, 0x22, 0x33], &registers), Err(QuoteError::Registers));
        assert!(quote.verify(&key, &[0, 0x11, 0x22, 0x33], &later).is_ok());
    }
}

#[test]
fn a_tpm_with_an_endorsement_key_on_p256_reads_its_credentials() {
    let (machine, maker) = (Machine::new(), Maker::new());
    machine.tpm2("createek", "-c endorsement.ctx -G ecc -u endorsement.pub -Q");
    machine.tpm2("readpublic", "-c endorsement.ctx -f der -o endorsement.der -Q");
    let mut params = dated("");
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 1])];
    params.custom_extensions = vec![tpm_name([1, 2, 3])];
    let of_key = SubjectPublicKeyInfo::from_der(&machine.read("endorsement.der")).unwrap();
    let certificate = params.signed_by(&of_key, &maker.of_root).unwrap().der().to_vec();
    let public = machine.area("endorsement.pub");
    let endorsement = Endorsement::verify(&public, &[certificate], &maker.roots(), now()).unwrap();
    let area = machine.attestation_key("endorsement.ctx", "-G ecc -g sha256 -s ecdsa", "key");
    let key = AttestationKey::parse(&area, Parent::Key(&public)).unwrap();
    let credential = endorsement.credential(&key, &SECRET[..16]).unwrap();
    assert_eq!(machine.activates("endorsement.ctx", "key.ctx", &credential).unwrap(), SECRET[..16]);
}
