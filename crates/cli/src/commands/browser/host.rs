use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use keyfold_client::browser::MAX_MESSAGE;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinHandle,
};

use super::manifest::socket;
use crate::{app::App, failure::Failure};

/// Carries messages until one end closes: what was asked of an agent that is gone is answered by the end of this program.
pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let socket = socket(app, std::env::var_os("KEYFOLD_AGENT_SOCKET").map(PathBuf::from).as_deref())?;
    carry(&socket).await.map_err(|error| Failure::internal(&error))
}

/// The way to the agent, while there is one.
struct Way {
    writer: OwnedWriteHalf,
    /// Carries what the agent says to the browser; ends when the agent does.
    reader: JoinHandle<()>,
}

async fn carry(socket: &Path) -> io::Result<()> {
    let (to_browser, for_browser) = channel::<Vec<u8>>(WAITING);
    let (from_browser, mut asked) = channel::<Vec<u8>>(WAITING);
    // Pipes are read and written by threads that may wait.
    let writing = std::thread::spawn(move || write_all(for_browser));
    std::thread::spawn(move || read_all(&from_browser));
    let mut way: Option<Way> = None;
    loop {
        let message = tokio::select! {
            message = asked.recv() => message,
            () = ended(&mut way) => break,
        };
        let Some(message) = message else { return Ok(()) };
        if way.is_none() {
            way = connect(socket, &to_browser).await;
        }
        match &mut way {
            // Where the agent is gone, its reader ends.
            Some(way) => drop(send(&mut way.writer, &message).await),
            None => tell_that_there_is_none(&message, &to_browser).await,
        }
    }
    // The last that the agent said is still for the browser.
    drop(to_browser);
    tokio::task::spawn_blocking(move || drop(writing.join())).await.map_err(io::Error::other)
}

/// The agent has closed its end, or the browser listens no more; while there is no agent, never.
async fn ended(way: &mut Option<Way>) {
    match way {
        Some(way) => drop((&mut way.reader).await),
        None => std::future::pending().await,
    }
}

async fn connect(socket: &Path, to_browser: &Sender<Vec<u8>>) -> Option<Way> {
    let (mut from_agent, writer) = UnixStream::connect(socket).await.ok()?.into_split();
    let to_browser = to_browser.clone();
    let reader = tokio::spawn(async move {
        while let Ok(message) = read_of_agent(&mut from_agent).await {
            if to_browser.send(message).await.is_err() {
                return;
            }
        }
    });
    Some(Way { writer, reader })
}

async fn send(writer: &mut OwnedWriteHalf, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    writer.write_all(&[&length.to_be_bytes(), message].concat()).await
}

/// What asks for something is told that there is nobody who could do it.
async fn tell_that_there_is_none(message: &[u8], to_browser: &Sender<Vec<u8>>) {
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
    drop(to_browser.send(told.to_string().into_bytes()).await);
}

/// What the browser says: a length in this machine's byte order, then the message; until its end.
fn read_all(from_browser: &Sender<Vec<u8>>) {
    let mut browser = io::stdin().lock();
    let mut length = [0; 4];
    while browser.read_exact(&mut length).is_ok() {
        let length = usize::try_from(u32::from_ne_bytes(length)).unwrap_or(usize::MAX);
        let mut message = vec![0; length.min(MAX_MESSAGE)];
        let is_read = length <= MAX_MESSAGE && browser.read_exact(&mut message).is_ok();
        if !is_read || from_browser.blocking_send(message).is_err() {
            return;
        }
    }
}

/// What the browser is told, until nobody tells it anything or it does not listen any more.
fn write_all(mut for_browser: Receiver<Vec<u8>>) {
    let mut browser = io::stdout().lock();
    while let Some(message) = for_browser.blocking_recv() {
        let Ok(length) = u32::try_from(message.len()) else { return };
        let framed = [&length.to_ne_bytes(), message.as_slice()].concat();
        if browser.write_all(&framed).and_then(|()| browser.flush()).is_err() {
            return;
        }
    }
}

async fn read_of_agent(agent: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::try_from(agent.read_u32().await?).ok().filter(|length| *length <= MAX_MESSAGE);
    let mut message = vec![0; length.ok_or(io::ErrorKind::InvalidData)?];
    agent.read_exact(&mut message).await?;
    Ok(message)
}

/// Messages that wait for the browser.
const WAITING: usize = 64;
