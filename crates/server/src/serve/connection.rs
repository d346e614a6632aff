use std::{
    fmt,
    future::Future,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A connection that waits only so long for its client to take something, and that can be cut from elsewhere.
///
/// HTTP asks no answer's body for more while the client takes nothing of what it has, so a body cannot tell that its
/// client sleeps: that is seen here.
pub(crate) struct Connection<T> {
    io: T,
    patience: Duration,
    /// Runs while something is to be written and nothing can be.
    stalled: Option<Pin<Box<Sleep>>>,
    cut: Cut,
    /// Says that it is open.
    _open: Arc<()>,
}

/// Cuts a connection, whatever is still to be written to it.
#[derive(Clone, Default)]
pub(crate) struct Cut(Arc<Severed>);

#[derive(Default)]
struct Severed {
    done: AtomicBool,
    connection: AtomicWaker,
}

/// What can be given up without a word: what is still unsent is sent no more.
pub(crate) trait Abandon {
    fn abandon(&self);
}

impl Cut {
    /// Ends the connection now.
    pub(crate) fn cut(&self) {
        self.0.done.store(true, Ordering::Release);
        self.0.connection.wake();
    }

    /// Whether it was cut; the task is woken when it is.
    fn is_done(&self, task: &Context<'_>) -> bool {
        self.0.connection.register(task.waker());
        self.0.done.load(Ordering::Acquire)
    }
}

impl<T: Abandon> Connection<T> {
    /// `open` is held for as long as the connection is.
    pub(crate) fn new(io: T, patience: Duration, open: Arc<()>) -> Self {
        Self { io, patience, stalled: None, cut: Cut::default(), _open: open }
    }

    pub(crate) fn cut(&self) -> Cut {
        self.cut.clone()
    }

    pub(crate) const fn inner(&self) -> &T {
        &self.io
    }

    fn is_cut(&self, task: &Context<'_>) -> io::Result<()> {
        if self.cut.is_done(task) { Err(self.end(ErrorKind::ConnectionAborted)) } else { Ok(()) }
    }

    /// What came of an attempt to write; an error once there was nothing but waiting for too long.
    fn progress<R>(&mut self, task: &mut Context<'_>, written: Poll<R>) -> Poll<Result<R, io::Error>> {
        if let Poll::Ready(written) = written {
            self.stalled = None;
            return Poll::Ready(Ok(written));
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        stalled.as_mut().poll(task).map(|()| Err(self.end(ErrorKind::TimedOut)))
    }

    fn end(&self, why: ErrorKind) -> io::Error {
        self.io.abandon();
        why.into()
    }
}

impl<T: AsyncRead + Abandon + Unpin> AsyncRead for Connection<T> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.is_cut(task)?;
        Pin::new(&mut self.io).poll_read(task, buffer)
    }
}

impl<T: AsyncWrite + Abandon + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_cut(task)?;
        let written = Pin::new(&mut self.io).poll_write(task, bytes);
        self.progress(task, written).map(Result::flatten)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_cut(task)?;
        let written = Pin::new(&mut self.io).poll_write_vectored(task, bytes);
        self.progress(task, written).map(Result::flatten)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(task)
    }
}

impl<T: ActixStream + Abandon> ActixStream for Connection<T> {
    fn poll_read_ready(&self, task: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_read_ready(task)
    }

    fn poll_write_ready(&self, task: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_write_ready(task)
    }
}

impl Abandon for TcpStream {
    fn abandon(&self) {
        // If that fails, the kernel goes on for a while with what it has.
        let _ = self.set_zero_linger();
    }
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cut(..)")
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    impl Abandon for DuplexStream {
        fn abandon(&self) {}
    }

    fn connection(patience: Duration) -> (Connection<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(8);
        (Connection::new(server, patience, Arc::default()), client)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (mut server, client) = connection(Duration::from_millis(20));
        let error = server.write_all(&[0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn a_client_that_takes_a_little_now_and_then_is_waited_for() {
        let (mut server, mut client) = connection(FOREVER);
        let writing = tokio::spawn(async move { server.write_all(&[7; 1_000]).await });
        let mut taken = [0; 1_000];
        client.read_exact(&mut taken).await.unwrap();
        writing.await.unwrap().unwrap();
        assert_eq!(taken, [7; 1_000]);
    }

    #[tokio::test]
    async fn a_connection_is_cut_while_it_waits_to_write() {
        let (mut server, _client) = connection(FOREVER);
        let cut = server.cut();
        let writing = tokio::spawn(async move { server.write_all(&[0; 9]).await });
        cut.cut();
        assert_eq!(writing.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn a_connection_is_cut_while_it_waits_to_read() {
        let (mut server, _client) = connection(FOREVER);
        let cut = server.cut();
        let reading = tokio::spawn(async move { server.read(&mut [0; 1]).await });
        cut.cut();
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }

    /// Longer than any test.
    const FOREVER: Duration = Duration::from_secs(3_600);
}
