//! A connection that stays open, and HTTP/1.1 as far as a load generator needs it: the same few lines speak to the server
//! and to the bare route, so what they cost is on both sides.

use std::io;

use keyfold_wire::v1::Problem;
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::failure::Failure;

/// A connection to one server.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    /// What has arrived, from `taken` on still unread.
    arrived: Vec<u8>,
    taken: usize,
    /// The request line that is being answered, for who reads of a failure.
    asked: String,
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    status: u16,
    length: Length,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    Known(usize),
    Chunked,
}

/// A whole answer that is no refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
}

impl Line {
    pub(crate) async fn connect(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await.map_err(Failure::io(format!("a connection to {address}")))?;
        stream.set_nodelay(true).map_err(Failure::io("a connection"))?;
        Ok(Self { stream, arrived: Vec::new(), taken: 0, asked: String::new() })
    }

    /// A request without a session.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await
    }

    /// A request without a session.
    pub(crate) async fn post(&mut self, path: &str, message: &impl Message) -> Result<Answer, Failure> {
        let length = message.encoded_len();
        let mut request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        message.encode(&mut request).map_err(Failure::client("a request"))?;
        self.ask(&request).await
    }

    /// Sends a request as it is and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let head = self.begin(request).await?;
        self.rest(head).await
    }

    /// Sends a request and reads its answer, of which nobody wants to know more than that it came.
    pub(crate) async fn pass(&mut self, request: &[u8]) -> Result<(), Failure> {
        let head = self.begin(request).await?;
        if !matches!(head.status, 200 | 204) {
            return self.rest(head).await.map(drop);
        }
        self.skip_body(head.length).await.map_err(Failure::io("an answer"))
    }

    /// Sends a request and reads the head of its answer.
    pub(crate) async fn begin(&mut self, request: &[u8]) -> Result<Head, Failure> {
        self.stream.write_all(request).await.map_err(Failure::io("a request"))?;
        let head = self.head().await.map_err(Failure::io("an answer"))?;
        if head.status != 200 {
            self.asked =
                String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap_or_default()).into();
        }
        Ok(head)
    }

    /// Reads the rest of an answer.
    pub(crate) async fn rest(&mut self, head: Head) -> Result<Answer, Failure> {
        let body = self.body(head.length).await.map_err(Failure::io("an answer"))?;
        if matches!(head.status, 200 | 204) {
            return Ok(Answer { body });
        }
        let problem = Problem::decode(body.as_slice()).unwrap_or_default();
        Err(Failure::Refused { request: self.asked.clone(), status: head.status, detail: problem.detail })
    }

    /// The next chunk of a stream; nothing at its end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.chunk_length().await?;
        let mut chunk = self.exactly(length.saturating_add(2)).await?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }

    async fn chunk_length(&mut self) -> io::Result<usize> {
        let line = self.until(b"\r\n").await?;
        let length = std::str::from_utf8(&line).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        length.ok_or(io::ErrorKind::InvalidData.into())
    }

    async fn head(&mut self) -> io::Result<Head> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = std::str::from_utf8(&head).map_err(|_| io::ErrorKind::InvalidData)?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut length = Length::Known(0);
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.parse().map_err(|_| io::ErrorKind::InvalidData)?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunked;
            }
        }
        Ok(Head { status, length })
    }

    async fn body(&mut self, length: Length) -> io::Result<Vec<u8>> {
        match length {
            Length::Known(length) => self.exactly(length).await,
            Length::Chunked => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk().await? {
                    body.extend_from_slice(&chunk);
                }
                Ok(body)
            }
        }
    }

    async fn skip_body(&mut self, length: Length) -> io::Result<()> {
        match length {
            Length::Known(length) => self.skip(length).await,
            Length::Chunked => loop {
                let length = self.chunk_length().await?;
                self.skip(length.saturating_add(2)).await?;
                if length == 0 {
                    return Ok(());
                }
            },
        }
    }

    async fn skip(&mut self, mut length: usize) -> io::Result<()> {
        loop {
            let here = self.unread().len().min(length);
            self.taken += here;
            length -= here;
            if length == 0 {
                return Ok(());
            }
            self.more().await?;
        }
    }

    /// What comes before `end`, which is read too.
    async fn until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let unread = self.unread();
            if let Some(place) = unread.windows(end.len()).position(|window| window == end) {
                let found = unread.get(..place).unwrap_or_default().to_vec();
                self.taken += place + end.len();
                return Ok(found);
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        loop {
            if let Some(found) = self.unread().get(..length).map(<[u8]>::to_vec) {
                self.taken += length;
                return Ok(found);
            }
            self.more().await?;
        }
    }

    fn unread(&self) -> &[u8] {
        self.arrived.get(self.taken..).unwrap_or_default()
    }

    async fn more(&mut self) -> io::Result<()> {
        self.arrived.drain(..self.taken);
        self.taken = 0;
        self.arrived.reserve(ROOM);
        match self.stream.read_buf(&mut self.arrived).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer {
    pub(crate) fn message<M: Message + Default>(&self) -> Result<M, Failure> {
        M::decode(self.body.as_slice()).map_err(Failure::client("an answer"))
    }
}

const ROOM: usize = 64 * 1024;
