use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    path::{Path, PathBuf},
};

use keyfold_client::browser::MAX_MESSAGE;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::manifest::socket;
use crate::{agent::hand_over, app::App, failure::Failure};

/// Hands the browser over to the agent with its first message, and lives as long as both. Until there is an agent each message
/// is answered here.
pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let socket = socket(app, std::env::var_os("KEYFOLD_AGENT_SOCKET").map(PathBuf::from).as_deref())?;
    tokio::task::spawn_blocking(move || serve(&socket)).await.map_err(|error| Failure::internal(&error))
}

fn serve(socket: &Path) {
    // Not through a buffer, in which a passphrase would stay.
    let Ok(mut browser) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else { return };
    while let Ok(message) = read(&mut browser) {
        match UnixStream::connect(socket).and_then(|agent| handed_over(agent, &message)) {
            // The agent says nothing here; it ends, or the browser did, which ends this connection as well.
            Ok(mut agent) => return drop(agent.read(&mut [0])),
            Err(_) => tell_that_there_is_none(&message),
        }
    }
}

fn handed_over(mut agent: UnixStream, first: &[u8]) -> io::Result<UnixStream> {
    let length = u32::try_from(first.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    hand_over(&agent, [io::stdin().as_fd(), io::stdout().as_fd()], length)?;
    agent.write_all(first)?;
    Ok(agent)
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
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut browser = io::stdout().lock();
    browser.write_all(&[&length.to_ne_bytes(), message].concat())?;
    browser.flush()
}

/// A length, in this machine's byte order, then the message, in which may be a passphrase.
fn read(browser: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut length = [0; 4];
    browser.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_ne_bytes(length)).ok().filter(|length| *length <= MAX_MESSAGE);
    let mut message = Zeroizing::new(vec![0; length.ok_or(io::ErrorKind::InvalidData)?]);
    browser.read_exact(&mut message)?;
    Ok(message)
}
