use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    io::{self, Read, Write},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use tokio::sync::{
    Mutex,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use zbus::{
    blocking::{Connection, Proxy, connection::Builder, proxy::SignalIterator},
    fdo, interface,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use crate::bus::Bus;

/// A system's D-Bus of this test's own, with the real polkit and, where one is wanted, the real fprintd on a reader that
/// libfprint plays. It ends with the test. polkit wants to be started by root.
pub struct SystemBus {
    bus: Bus,
    programs: Vec<Child>,
    /// Says each time that the reader begins to look.
    looks: Option<RefCell<SignalIterator<'static>>>,
}

impl SystemBus {
    /// `None`, and said so, where this is not root: polkit becomes its own user, and policies are the system's.
    pub fn started() -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            // Past what the harness keeps of a test that passes.
            io::stderr().write_all(b"NOT RUN: the system's prompts are tested by root alone\n").unwrap();
            return None;
        }
        // polkit is another user.
        Some(Self { bus: Bus::start(0o755), programs: Vec::new(), looks: None })
    }

    /// polkit, as it reads its policies now.
    pub fn with_polkit(mut self) -> Self {
        self.start(Command::new("/usr/lib/polkit-1/polkitd"), POLKIT);
        self
    }

    /// fprintd, with a reader.
    pub fn with_a_fingerprint_reader(mut self) -> Self {
        let mut fprintd = Command::new("/usr/libexec/fprintd");
        fprintd.arg("--no-timeout").env("FP_VIRTUAL_DEVICE", self.reader());
        fprintd.env("STATE_DIRECTORY", self.bus.folder().join("prints"));
        self.start(fprintd, FPRINT);
        let looks = device(&self.connection()).receive_signal("VerifyFingerSelected").unwrap();
        self.looks = Some(RefCell::new(looks));
        self
    }

    /// The command, as it runs on this system.
    pub fn lets_in(&self, mut command: Command) -> Command {
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address());
        command
    }

    /// This user's finger is enrolled.
    pub fn enrols(&self, finger: &str) {
        let device = device(&self.connection());
        let () = device.call("Claim", &("",)).unwrap();
        let mut statuses = device.receive_signal("EnrollStatus").unwrap();
        let () = device.call("EnrollStart", &("right-index-finger",)).unwrap();
        loop {
            self.touches(finger);
            let status = statuses.next().unwrap();
            let (result, is_done): (String, bool) = status.body().deserialize().unwrap();
            if is_done {
                assert_eq!(result, "enroll-completed");
                break;
            }
        }
        let () = device.call("EnrollStop", &()).unwrap();
        let () = device.call("Release", &()).unwrap();
    }

    /// Waits until the reader looks for a finger once more.
    pub fn looks(&self) {
        self.looks.as_ref().unwrap().borrow_mut().next().unwrap();
    }

    /// Somebody's finger is on the reader, as soon as that looks once more.
    pub fn scans(&self, finger: &str) {
        self.looks();
        self.touches(finger);
    }

    fn touches(&self, finger: &str) {
        // Its socket is there while a program uses it.
        let begun = Instant::now();
        let mut reader = loop {
            match UnixStream::connect(self.reader()) {
                Ok(reader) => break reader,
                Err(error) => assert!(begun.elapsed() < LONGEST, "nobody uses the reader: {error}"),
            }
        };
        reader.write_all(format!("SCAN {finger}").as_bytes()).unwrap();
        reader.shutdown(std::net::Shutdown::Write).unwrap();
        reader.read_to_end(&mut Vec::new()).unwrap();
    }

    /// The program of a session that asks for passwords when the system wants one of this process.
    pub fn session_of(&self, process: u32) -> PasswordPrompt {
        let (asked, heard) = channel();
        let (answer, answers) = unbounded_channel();
        let prompt = Prompt { asked, answers: Mutex::new(answers), authority: self.connection() };
        let bus = Builder::address(self.bus.address()).unwrap().serve_at(PROMPT, prompt).unwrap().build().unwrap();
        let details = HashMap::from([
            ("pid", Value::from(process)),
            ("start-time", Value::from(started_at(process))),
            ("uid", Value::from(uid_of(process))),
        ]);
        let () = authority(&bus)
            .call("RegisterAuthenticationAgent", &(("unix-process", details), "en_US.UTF-8", PROMPT))
            .unwrap();
        PasswordPrompt { heard, answer, _bus: bus }
    }

    fn connection(&self) -> Connection {
        Builder::address(self.bus.address()).unwrap().build().unwrap()
    }

    fn reader(&self) -> PathBuf {
        self.bus.folder().join("reader")
    }

    fn start(&mut self, command: Command, name: &str) {
        let mut command = self.lets_in(command);
        let program = command.get_program().to_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let missing = format!("{} is missing: run tests/run, which installs it", Path::new(&program).display());
        self.programs.push(command.spawn().expect(&missing));
        let bus = fdo_of(&self.connection());
        while !bus.call::<_, _, bool>("NameHasOwner", &(name,)).unwrap() {
            let ended = self.programs.last_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{} ended: {ended:?}", Path::new(&program).display());
        }
    }
}

impl Drop for SystemBus {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            program.kill().unwrap();
            program.wait().unwrap();
        }
    }
}

/// What a session's prompt was asked, and what its person says.
pub struct PasswordPrompt {
    heard: Receiver<String>,
    answer: UnboundedSender<bool>,
    _bus: Connection,
}

impl PasswordPrompt {
    /// The message of the prompt that comes up, at which the person gives the right password or none.
    pub fn answers(&self, is_right: bool) -> String {
        let message = self.heard.recv().unwrap();
        self.answer.send(is_right).unwrap();
        message
    }
}

struct Prompt {
    asked: Sender<String>,
    answers: Mutex<UnboundedReceiver<bool>>,
    authority: Connection,
}

type Identity = (String, HashMap<String, OwnedValue>);

#[interface(name = "org.freedesktop.PolicyKit1.AuthenticationAgent")]
impl Prompt {
    async fn begin_authentication(
        &self,
        action: &str,
        message: &str,
        _icon: &str,
        _details: HashMap<String, String>,
        cookie: &str,
        identities: Vec<Identity>,
    ) -> fdo::Result<()> {
        self.asked.send(format!("{action}: {message}")).unwrap();
        if !self.answers.lock().await.recv().await.unwrap() {
            return Err(fdo::Error::Failed("the person gave no password".to_owned()));
        }
        // As polkit's own helper does once PAM has taken the password.
        let authority = zbus::Proxy::new(self.authority.inner(), POLKIT, AUTHORITY, AUTHORITY_INTERFACE).await.unwrap();
        let response = (0_u32, cookie, &identities[0]);
        let taken = authority.call("AuthenticationAgentResponse2", &response).await;
        taken.map_err(|error| fdo::Error::Failed(error.to_string()))
    }

    fn cancel_authentication(&self, _cookie: &str) {}
}

fn authority(bus: &Connection) -> Proxy<'static> {
    Proxy::new(bus, POLKIT, AUTHORITY, AUTHORITY_INTERFACE).unwrap()
}

fn device(bus: &Connection) -> Proxy<'static> {
    let manager = Proxy::new(bus, FPRINT, "/net/reactivated/Fprint/Manager", "net.reactivated.Fprint.Manager");
    let path: OwnedObjectPath = manager.unwrap().call("GetDefaultDevice", &()).unwrap();
    Proxy::new(bus, FPRINT, path, "net.reactivated.Fprint.Device").unwrap()
}

fn fdo_of(bus: &Connection) -> Proxy<'static> {
    Proxy::new(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus").unwrap()
}

fn uid_of(process: u32) -> i32 {
    i32::try_from(fs::metadata(format!("/proc/{process}")).unwrap().uid()).unwrap()
}

/// In ticks since the machine was started (proc_pid_stat(5), field 22).
fn started_at(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name.split_whitespace().nth(19).unwrap().parse().unwrap()
}

/// A policy of polkit's for the agent, where it reads them, as long as this lives; then what was there is there again.
pub struct Policy {
    path: PathBuf,
    before: Option<String>,
}

impl Policy {
    pub fn installed(policy: &str) -> Self {
        let path = PathBuf::from("/usr/share/polkit-1/actions/org.keyfold.agent.policy");
        // Not what a test left that was killed.
        let before = fs::read_to_string(&path).ok().filter(|before| !before.ends_with(OF_A_TEST));
        fs::write(&path, format!("{policy}{OF_A_TEST}")).unwrap();
        Self { path, before }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        match &self.before {
            Some(before) => fs::write(&self.path, before).unwrap(),
            None => fs::remove_file(&self.path).unwrap(),
        }
    }
}

const LONGEST: Duration = Duration::from_secs(60);
const OF_A_TEST: &str = "<!-- of a test -->\n";
const POLKIT: &str = "org.freedesktop.PolicyKit1";
const AUTHORITY: &str = "/org/freedesktop/PolicyKit1/Authority";
const AUTHORITY_INTERFACE: &str = "org.freedesktop.PolicyKit1.Authority";
const FPRINT: &str = "net.reactivated.Fprint";
const PROMPT: &str = "/org/keyfold/tests/Prompt";
