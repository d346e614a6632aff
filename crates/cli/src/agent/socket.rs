use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use keyfold_client::authenticator::{Channel, CtapError};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedReadHalf},
    sync::Semaphore,
    time::timeout,
};

use super::{
    authenticator::Shared,
    cancel::{Cancel, CancelOnDrop},
};
use crate::{exit::Exit, failure::Failure};

/// A unix socket for programs of this user. Over that for CTAP a request is `u32 big-endian length ‖ command byte ‖ CBOR`, a reply
/// `u32 big-endian length ‖ status byte ‖ CBOR`; the length counts what follows it. Whoever hangs up takes its request back.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Whose socket it is.
    owner: u32,
    /// Held as long as this agent lives.
    _lock: File,
}

impl Socket {
    pub(super) fn bind(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let detail = format!("cannot listen on {} ({error}); give another place with --socket", path.display());
            Failure::new(Exit::Usage, detail)
        };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let lock = OpenOptions::new().create(true).append(true).open(path.with_extension("lock")).map_err(failed)?;
        lock.try_lock().map_err(|_| {
            let detail =
                format!("another agent serves {}; stop it first, or give another place with --socket", path.display());
            Failure::new(Exit::Usage, detail)
        })?;
        match fs::symlink_metadata(path) {
            // Whoever left it does not live any more: the lock was free.
            Ok(left) if left.file_type().is_socket() => fs::remove_file(path).map_err(failed)?,
            Ok(_) => return Err(failed(io::ErrorKind::AlreadyExists.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        let owner = fs::metadata(path).map_err(failed)?.uid();
        Ok(Self { listener, path: path.to_owned(), owner, _lock: lock })
    }

    /// Serves each connection by what `serve` makes of it, until the socket fails.
    pub(super) async fn serve<F>(&self, serve: impl Fn(UnixStream) -> F) -> Result<(), Failure>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = Arc::clone(&room).acquire_owned().await.map_err(|error| Failure::internal(&error))?;
            let Ok((stream, _)) = self.listener.accept().await else {
                // Too many files are open, say: a moment later there may be fewer.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            // The mode of the file keeps others out; some systems do not look at it.
            if stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner) {
                let served = serve(stream);
                tokio::spawn(async move {
                    // A connection that fails has nobody to be told.
                    drop(served.await);
                    drop(place);
                });
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The next agent removes it otherwise.
        drop(fs::remove_file(&self.path));
    }
}

/// Serves one CTAP2 request after the other.
pub(super) async fn connection(stream: UnixStream, channel: Channel, shared: Arc<Shared>) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while !reader.fill_buf().await?.is_empty() {
        let Ok(length) = timeout(REQUEST, reader.read_u32()).await? else { return Ok(()) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_REQUEST {
            // Where the next one begins is not known any more.
            return reply(&mut writer, &[CtapError::RequestTooLarge.code()]).await;
        }
        let mut request = vec![0; length];
        timeout(REQUEST, reader.read_exact(&mut request)).await??;
        let nobody_waits = CancelOnDrop(Cancel::default());
        // It is brought to its end even if nobody waits for that: the authenticator is in it.
        let served = tokio::spawn({
            let (shared, cancel) = (Arc::clone(&shared), nobody_waits.0.clone());
            async move { shared.call(channel, request, cancel).await }
        });
        let answer = tokio::select! {
            answer = served => answer.unwrap_or_else(|_| vec![CtapError::Other.code()]),
            () = hung_up(&mut reader) => return Ok(()),
        };
        reply(&mut writer, &answer).await?;
    }
    Ok(())
}

/// Returns once nobody is there any more. Whoever sends the next request already is there.
async fn hung_up(reader: &mut BufReader<OwnedReadHalf>) {
    match reader.fill_buf().await {
        Ok([]) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

async fn reply(writer: &mut (impl AsyncWriteExt + Unpin), answer: &[u8]) -> io::Result<()> {
    let length = u32::try_from(answer.len()).unwrap_or_default();
    writer.write_all(&[&length.to_be_bytes(), answer].concat()).await
}

/// `keyfold/PROFILE.sock` in the user's runtime folder; without one, `agent.sock` beside the profile.
pub(crate) fn default_socket(folder: &Path, profile: &str) -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(runtime) => runtime.join("keyfold").join(format!("{profile}.sock")),
        None => folder.join("agent.sock"),
    }
}

/// The socket for browsers, beside an agent's own.
pub(crate) fn browser_socket(socket: &Path) -> PathBuf {
    socket.with_extension("browser.sock")
}

/// The longest request: what CTAPHID can carry as well.
const MAX_REQUEST: usize = 7_609;
/// How long one may take to come in, once it has begun.
const REQUEST: Duration = Duration::from_secs(10);
/// At once.
const CONNECTIONS: usize = 32;
