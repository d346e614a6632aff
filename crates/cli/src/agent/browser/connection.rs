use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSlice, IoSliceMut, Read},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream as Socket,
    },
    sync::{Arc, Mutex, PoisonError},
};

use keyfold_client::browser::{MAX_MESSAGE, Told};
use rustix::{
    io::{FdFlags, fcntl_setfd, ioctl_fionbio},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
        recvmsg, sendmsg,
    },
};
use tokio::{
    io::{AsyncReadExt, Interest},
    net::{UnixStream, unix::pipe::Sender},
    sync::Notify,
};
use zeroize::Zeroizing;

/// Gives the agent a browser's pipes, what it says and what it hears, with the length of its first message, which comes next. A
/// message that went through the native host would wait there for its turn, twice, and leave a passphrase behind.
pub(crate) fn hand_over(agent: &Socket, pipes: [BorrowedFd<'_>; 2], length: u32) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&pipes)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let sent = sendmsg(agent, &[IoSlice::new(&length.to_be_bytes())], &mut control, SendFlags::empty())?;
    if sent == LENGTH { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// What a browser says. It waits for that, so it belongs on a thread that may.
pub(super) struct Listener {
    first: Option<Zeroizing<Vec<u8>>>,
    browser: File,
    /// The native host lives until this is closed, and the browser takes that for the end.
    _host: UnixStream,
}

/// Takes a browser over from its native host.
pub(super) async fn taken_over(mut host: UnixStream) -> io::Result<(Listener, Teller)> {
    let (length, pipes) = loop {
        host.readable().await?;
        match host.try_io(Interest::READABLE, || received(&host)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => break received?,
        }
    };
    let [says, hears] = <[OwnedFd; 2]>::try_from(pipes).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut first = buffer(u32::from_be_bytes(length))?;
    host.read_exact(&mut first).await?;
    ioctl_fionbio(&says, false)?;
    let listener = Listener { first: Some(first), browser: File::from(says), _host: host };
    Ok((listener, Teller::new(Sender::from_owned_fd(hears)?)))
}

fn received(host: &UnixStream) -> io::Result<([u8; LENGTH], Vec<OwnedFd>)> {
    let mut length = [0; LENGTH];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(host, &mut [IoSliceMut::new(&mut length)], &mut control, RecvFlags::empty())?;
    let pipes = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(pipes) => Some(pipes),
        _ => None,
    });
    let pipes: Vec<OwnedFd> = pipes.flatten().collect();
    for pipe in &pipes {
        fcntl_setfd(pipe, FdFlags::CLOEXEC)?;
    }
    if got.bytes == LENGTH { Ok((length, pipes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl Listener {
    /// The next message, in which may be a passphrase.
    ///
    /// # Errors
    /// Once the browser says nothing more, or what is none.
    pub(super) fn next(&mut self) -> io::Result<Zeroizing<Vec<u8>>> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let mut length = [0; LENGTH];
        self.browser.read_exact(&mut length)?;
        let mut message = buffer(u32::from_ne_bytes(length))?;
        self.browser.read_exact(&mut message)?;
        Ok(message)
    }
}

fn buffer(length: u32) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_MESSAGE);
    Ok(Zeroizing::new(vec![0; length.ok_or(io::ErrorKind::InvalidData)?]))
}

/// Tells a browser. Whoever has something to say writes it at once, and only what finds no room waits.
#[derive(Clone)]
pub(super) struct Teller(Arc<Way>);

struct Way {
    browser: Sender,
    /// What found no room yet.
    waiting: Mutex<VecDeque<Waiting>>,
    waits: Notify,
}

/// A message with its length, of which so much is written.
struct Waiting {
    framed: Zeroizing<Vec<u8>>,
    written: usize,
}

impl Teller {
    fn new(browser: Sender) -> Self {
        Self(Arc::new(Way { browser, waiting: Mutex::default(), waits: Notify::new() }))
    }

    /// A browser that is gone is told nothing, nor is one that does not listen.
    pub(super) fn tell(&self, told: &Told) {
        let Some(framed) = framed(told) else { return };
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let written = if waiting.is_empty() { self.0.browser.try_write(&framed).unwrap_or(0) } else { 0 };
        let is_whole = written == framed.len();
        // What was begun is brought to its end.
        if !is_whole && (written > 0 || waiting.len() < MOST_WAITING) {
            waiting.push_back(Waiting { framed, written });
            self.0.waits.notify_one();
        }
    }

    /// Brings what waits to the browser, until that is gone.
    pub(super) async fn bring(&self) -> io::Result<()> {
        loop {
            self.0.waits.notified().await;
            self.brought().await?;
        }
    }

    /// Returns once nothing waits.
    pub(super) async fn brought(&self) -> io::Result<()> {
        loop {
            self.0.browser.writable().await?;
            let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(first) = waiting.front_mut() else { return Ok(()) };
            match self.0.browser.try_write(first.framed.get(first.written..).unwrap_or_default()) {
                Ok(written) if first.written + written < first.framed.len() => first.written += written,
                Ok(_) => drop(waiting.pop_front()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A message with its length before it. In an answer may be a secret of a page: nothing of it is left behind.
fn framed(told: &Told) -> Option<Zeroizing<Vec<u8>>> {
    let message = Zeroizing::new(serde_json::to_vec(told).ok()?);
    let mut framed = Zeroizing::new(Vec::with_capacity(LENGTH + message.len()));
    framed.extend_from_slice(&u32::try_from(message.len()).ok()?.to_ne_bytes());
    framed.extend_from_slice(&message);
    Some(framed)
}

/// Of a length.
const LENGTH: usize = 4;
/// Messages for a browser that listens to none of them.
const MOST_WAITING: usize = 4_096;
