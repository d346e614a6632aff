use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process, thread,
};

use keyfold_client::browser::MAX_MESSAGE;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::manifest::socket;
use crate::{app::App, failure::Failure};

/// Carries messages until one end closes: what was asked of an agent that is gone is answered by the end of this program. Each
/// direction has a thread of its own, which waits in one system call and passes on in the next.
pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let socket = socket(app, std::env::var_os("KEYFOLD_AGENT_SOCKET").map(PathBuf::from).as_deref())?;
    tokio::task::spawn_blocking(move || carry(&socket)).await.map_err(|error| Failure::internal(&error))
}

/// Until the browser says nothing more, or does not listen.
fn carry(socket: &Path) {
    // Not through a buffer, in which a passphrase would stay.
    let Ok(mut browser) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else { return };
    let mut agent = None;
    while let Ok(message) = read(&mut browser, u32::from_ne_bytes) {
        if agent.is_none() {
            agent = connect(socket);
        }
        match &mut agent {
            // Where the agent is gone, the other direction ends this program.
            Some(agent) => drop(write(agent, &message, u32::to_be_bytes)),
            None => tell_that_there_is_none(&message),
        }
    }
}

/// The way to the agent, if there is one; what it says goes to the browser, and this program ends with it.
fn connect(socket: &Path) -> Option<UnixStream> {
    let agent = UnixStream::connect(socket).ok()?;
    let mut from_agent = agent.try_clone().ok()?;
    thread::spawn(move || {
        while let Ok(message) = read(&mut from_agent, u32::from_be_bytes) {
            if tell(&message).is_err() {
                break;
            }
        }
        // The other thread waits for the browser, which hears of the end by this alone.
        process::exit(0);
    });
    Some(agent)
}

/// What asks for something is told that there is nobody who could do it.
fn tell_that_there_is_none(message: &[u8]) {
    #[derive(Deserialize)]
    struct Asked {
        id: Option<u64>,
    }
    let Some(id) = serde_json::from_slice::<Asked>(message).ok().and_then(|asked| asked.id) else { return };
    let told = json!({
        "type": "error", "id": id, "name": "NotAllowedError", "code": "no-agent",
        "message": "no agent is running: start `keyfold agent`",
    });
    // A browser that is gone is told nothing.
    drop(tell(told.to_string().as_bytes()));
}

fn tell(message: &[u8]) -> io::Result<()> {
    write(&mut io::stdout().lock(), message, u32::to_ne_bytes)
}

/// A length, in the byte order of whoever says it, then the message, in which may be a passphrase.
fn read(from: &mut impl Read, length_of: fn([u8; 4]) -> u32) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(length_of(length)).ok().filter(|length| *length <= MAX_MESSAGE);
    let mut message = Zeroizing::new(vec![0; length.ok_or(io::ErrorKind::InvalidData)?]);
    from.read_exact(&mut message)?;
    Ok(message)
}

fn write(to: &mut impl Write, message: &[u8], to_bytes: fn(u32) -> [u8; 4]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    let framed = Zeroizing::new([&to_bytes(length), message].concat());
    to.write_all(&framed)?;
    to.flush()
}
