use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use keyfold_wire::v1::{Problem, ProblemCode};
use prost::Message;

/// One connection, on which a test writes and reads what it likes.
pub(crate) struct Line<S> {
    stream: S,
    read: Vec<u8>,
}

/// An answer, its body read to the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl<S: Read + Write> Line<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    /// Whether these bytes could be sent: the server still listens.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Sends a head and a body, and reads the answer. A server that refuses early may stop to read.
    pub(crate) fn ask(&mut self, head: &str, body: &[u8]) -> Answer {
        self.send(head.as_bytes());
        let _ = self.stream.write_all(body).and_then(|()| self.stream.flush());
        self.answer()
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let (status, head) = self.head();
        let mut body = Vec::new();
        match field(&head, "content-length") {
            Some(length) => {
                let length: usize = length.parse().unwrap();
                while self.read.len() < length {
                    assert!(self.more().unwrap() > 0, "the answer is cut short");
                }
                body.extend(self.read.drain(..length));
            }
            None if status == 204 => {}
            None => body = self.rest_of_stream().unwrap(),
        }
        Answer { status, head, body }
    }

    /// The status and the head of an answer whose body follows.
    pub(crate) fn head(&mut self) -> (u16, String) {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                let head = String::from_utf8(head).unwrap();
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), head);
            }
            assert!(self.more().unwrap() > 0, "no answer: {:?}", String::from_utf8_lossy(&self.read));
        }
    }

    /// The next chunk of a chunked body; `None` at its proper end.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).collect();
                break usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            }
            self.some()?;
        };
        while self.read.len() < length + 2 {
            self.some()?;
        }
        let chunk: Vec<u8> = self.read.drain(..length + 2).take(length).collect();
        Ok((length > 0).then_some(chunk))
    }

    /// Every chunk to the proper end; an error if the connection breaks before.
    pub(crate) fn rest_of_stream(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk()? {
            body.extend(chunk);
        }
        Ok(body)
    }

    fn some(&mut self) -> io::Result<()> {
        if self.more()? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut piece = [0; 16 * 1024];
        let length = self.stream.read(&mut piece)?;
        self.read.extend_from_slice(&piece[..length]);
        Ok(length)
    }
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        field(&self.head, name)
    }

    /// The message in the body of an answer that is no refusal.
    #[track_caller]
    pub(crate) fn message<M: Message + Default>(&self) -> M {
        assert_eq!(self.status, 200, "{:?}", self.problem());
        M::decode(self.body.as_slice()).unwrap()
    }

    #[track_caller]
    pub(crate) fn problem(&self) -> Problem {
        assert_eq!(self.field("content-type").as_deref(), Some("application/x-protobuf"), "{}", self.head);
        Problem::decode(self.body.as_slice()).unwrap()
    }

    /// Panics unless it is a refusal for this reason: a Problem in its canonical form, with the status of its code.
    #[track_caller]
    pub(crate) fn refused(&self, code: ProblemCode) -> Problem {
        let problem = self.problem();
        assert_eq!(problem.code(), code, "{} {}", self.status, problem.detail);
        assert_eq!(self.status, status(code));
        assert_eq!(problem.encode_to_vec(), self.body);
        assert!(!problem.detail.is_empty() && problem.time > 0);
        problem
    }

    #[track_caller]
    pub(crate) fn code(&self) -> ProblemCode {
        self.problem().code()
    }
}

fn field(head: &str, name: &str) -> Option<String> {
    let named = |line: &str| {
        line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    head.lines().find_map(named)
}

/// Asks until the condition holds; each question is a round trip.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    answered(what, || holds().then_some(()));
}

/// Asks until there is an answer that counts.
#[track_caller]
pub(crate) fn answered<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "it never came that {what}");
        std::thread::yield_now();
    }
}

/// proto/README.md, section 17.
fn status(code: ProblemCode) -> u16 {
    use ProblemCode::{
        AccountDeleted, AccountExists, BadTime, Behind, ClockSkew, EnrolmentEnded, EnrolmentStep, HeadMoved, Internal,
        InviteInvalid, Malformed, NotAMember, NotBehind, NotCertified, NotCompliant, NotFound, QuotaExceeded,
        RateLimited, Replayed, RuleBroken, SignUpClosed, TooLarge, TooManyGuesses, Unauthenticated, Unavailable,
        Unspecified,
    };
    match code {
        Malformed => 400,
        Unauthenticated | ClockSkew | Replayed => 401,
        NotAMember | SignUpClosed | InviteInvalid | NotCompliant => 403,
        NotFound => 404,
        HeadMoved | Behind | NotBehind | AccountExists | EnrolmentStep => 409,
        EnrolmentEnded | AccountDeleted => 410,
        TooLarge => 413,
        RuleBroken | BadTime => 422,
        RateLimited | TooManyGuesses => 429,
        Internal => 500,
        Unavailable | NotCertified => 503,
        QuotaExceeded => 507,
        Unspecified => panic!("a refusal has a code"),
    }
}
